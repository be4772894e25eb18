-- id: made_with
-- title: What the making of a key says of it
-- description: A member of the metadata that KMS answered, else of the request.
-- argument row: the CreateKey or ReplicateKey
-- argument member: the name of the member

coalesce(json_text(row.response, row.metadata || member), json_text(row.request, '/' || member))
