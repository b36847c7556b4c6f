CREATE TABLE `job_blobs` (
	`job_id` text NOT NULL,
	`sha256` text NOT NULL,
	PRIMARY KEY(`job_id`, `sha256`),
	FOREIGN KEY (`job_id`) REFERENCES `jobs`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`not_before_ms` integer NOT NULL,
	`trouble` text,
	`created_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbox_by_time` ON `outbox` (`not_before_ms`);--> statement-breakpoint
CREATE INDEX `outbox_by_subject` ON `outbox` (`kind`,`subject`);--> statement-breakpoint
ALTER TABLE `builds` ADD `keyed_sha256` text;--> statement-breakpoint
ALTER TABLE `builds` ADD `request_bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `builds_not_over` ON `builds` (`created_at_ms`) WHERE ended_at_ms IS NULL;--> statement-breakpoint
CREATE INDEX `builds_with_request` ON `builds` (`created_at_ms`) WHERE request_bytes > 0;