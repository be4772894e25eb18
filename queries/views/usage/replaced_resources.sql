-- id: replaced_resources
-- title: Resource counts of replaced records
-- description: The rows that replaced_records added to key_resources, to be subtracted from it.
-- internal: resources_by_key subtracts it
-- recounts: key_resources of replaced_records
-- kept: the counts of resources are made anew by it

SELECT key, service, resource, direction, caller_account_id, count
FROM new_key_resources
