-- id: resources_of
-- title: The resources that a call names
-- description: A list: all that the encryption contexts name, else the one resource, which may be null.
-- argument row: the record, with the columns of kms_events

CASE WHEN cardinality(row.resource_list) > 0 THEN row.resource_list ELSE make_array(row.resource) END
