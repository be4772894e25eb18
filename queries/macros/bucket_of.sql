-- id: bucket_of
-- title: A resource with S3 objects folded to their bucket
-- description: The resource as key_resources has it.
-- argument resource: the resource

CASE WHEN resource LIKE 'arn:%:s3:::%' THEN split_part(resource, '/', 1) ELSE resource END
