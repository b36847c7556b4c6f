CREATE TABLE `known_identities` (
	`publisher_id` text NOT NULL,
	`subject` text NOT NULL,
	`first_seen_at_ms` integer NOT NULL,
	PRIMARY KEY(`publisher_id`, `subject`),
	FOREIGN KEY (`publisher_id`) REFERENCES `trusted_publishers`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `spent_identities` (
	`token_sha256` text PRIMARY KEY NOT NULL,
	`expires_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `spent_identities_by_expiry` ON `spent_identities` (`expires_at_ms`);--> statement-breakpoint
CREATE TABLE `trusted_publishers` (
	`id` text PRIMARY KEY NOT NULL,
	`project_id` text NOT NULL,
	`name` text NOT NULL,
	`provider` text NOT NULL,
	`issuer` text NOT NULL,
	`claims` text NOT NULL,
	`last_used_at_ms` integer,
	`created_at_ms` integer NOT NULL,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `trusted_publishers_by_project` ON `trusted_publishers` (`project_id`,`issuer`);