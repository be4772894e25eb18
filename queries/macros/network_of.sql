-- id: network_of
-- title: Where a call came from
-- description: The VPC endpoint, else the network of the IP address; null where a service called.
-- argument row: the record, with the columns of kms_events

CASE WHEN row.vpc_endpoint_id LIKE 'vpce-%' THEN row.vpc_endpoint_id ELSE network(row.source_ip) END
