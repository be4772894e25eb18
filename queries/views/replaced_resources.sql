-- id: replaced_resources
-- title: What replaced records tell of resources
-- description: The rows that replaced_records added to key_resources, and which therefore are to be taken from it.
-- recounts: key_resources of replaced_records
-- kept: the counts of resources are made anew by it

SELECT key, service, resource, direction, caller_account_id, count
FROM new_key_resources
