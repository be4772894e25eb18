-- id: is_address
-- title: Whether a call came from an address
-- description: True for the IP address, its network, and the VPC endpoint.
-- argument row: the record, with the columns of kms_events
-- argument address: the address, as it was typed

row.source_ip = address OR row.vpc_endpoint_id = address OR network(row.source_ip) = address
