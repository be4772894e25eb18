-- id: names_resource
-- title: Whether a text means a resource
-- description: True for its ARN or the text used in place of one, for an object in an S3 bucket, and for the end of an ARN: an ID
--   without its service, a name without the rest.
-- argument resource: the resource, as key_resources has it
-- argument typed: the text, as it was typed

resource = typed
OR (resource LIKE 'arn:%:s3:::%' AND resource = split_part(typed, '/', 1))
OR right(resource, length(typed) + 1) IN (':' || typed, '/' || typed)
