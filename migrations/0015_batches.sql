ALTER TABLE `artifacts` ADD `entry_range` text;--> statement-breakpoint
ALTER TABLE `jobs` ADD `batch` text;--> statement-breakpoint
CREATE INDEX `jobs_open` ON `jobs` (`build_id`) WHERE state IN ('waiting', 'building');--> statement-breakpoint
CREATE INDEX `jobs_by_batch` ON `jobs` (`batch`) WHERE batch IS NOT NULL;--> statement-breakpoint
CREATE INDEX `publications_waiting` ON `publications` (`project_id`,`created_at_ms`) WHERE state IN ('pending', 'withdrawing');