-- What organizations have already, counted once: from here on each upload counts itself.
INSERT INTO `storage_usage` (`organization_id`, `stored_bytes`)
SELECT `organization_id`, sum(`size_bytes`)
FROM (
	SELECT DISTINCT `projects`.`organization_id`, `project_blobs`.`sha256`, `project_blobs`.`size_bytes`
	FROM `project_blobs`
	JOIN `projects` ON `projects`.`id` = `project_blobs`.`project_id`
)
GROUP BY `organization_id`;
