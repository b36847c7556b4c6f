CREATE TABLE `build_files` (
	`build_id` text NOT NULL,
	`package_id` text NOT NULL,
	`slot` text NOT NULL,
	`file_id` text NOT NULL,
	PRIMARY KEY(`build_id`, `slot`),
	FOREIGN KEY (`package_id`) REFERENCES `packages`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`file_id`) REFERENCES `package_files`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `package_files` (
	`id` text PRIMARY KEY NOT NULL,
	`package_id` text NOT NULL,
	`slot` text NOT NULL,
	`file_name` text NOT NULL,
	`sha256` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`mode` integer NOT NULL,
	`uploaded_by` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	FOREIGN KEY (`package_id`) REFERENCES `packages`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `package_files_by_slot` ON `package_files` (`package_id`,`slot`,`id`);--> statement-breakpoint
CREATE TABLE `packages` (
	`id` text PRIMARY KEY NOT NULL,
	`project_id` text NOT NULL,
	`slug` text NOT NULL,
	`manifest_sha256` text NOT NULL,
	`manifest_size_bytes` integer NOT NULL,
	`slots` text NOT NULL,
	`targets` text,
	`channel` text NOT NULL,
	`revision` integer NOT NULL,
	`archived_at_ms` integer,
	`created_at_ms` integer NOT NULL,
	`changed_at_ms` integer NOT NULL,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `packages_by_name` ON `packages` (`project_id`,`slug`);--> statement-breakpoint
CREATE INDEX `packages_by_project` ON `packages` (`project_id`,`id`);