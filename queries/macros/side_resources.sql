-- id: side_resources
-- title: The resources that a call names for one of its keys
-- description: Each key of a ReEncrypt has the resources of its own side, where its context names any.
-- argument row: a row of key_uses

CASE
  WHEN row.key_role IN ('source', 'destination') AND cardinality(context_resources(row.encryption_context)) > 0
    THEN context_resources(row.encryption_context)
  ELSE resources_of(row)
END
