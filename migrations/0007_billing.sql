CREATE TABLE `billing_customers` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`stripe_customer_id` text,
	`trial_used_at_ms` integer,
	`created_at_ms` integer NOT NULL,
	`synced_at_ms` integer,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `billing_customers_stripeCustomerId_unique` ON `billing_customers` (`stripe_customer_id`);--> statement-breakpoint
CREATE TABLE `build_usage` (
	`job_id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`ended_at_ms` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`log_until_ms` integer,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `build_usage_by_organization` ON `build_usage` (`organization_id`,`ended_at_ms`,`duration_ms`);--> statement-breakpoint
CREATE INDEX `build_usage_by_log` ON `build_usage` (`log_until_ms`);--> statement-breakpoint
CREATE TABLE `meter_reports` (
	`organization_id` text NOT NULL,
	`meter` text NOT NULL,
	`period_start_ms` integer NOT NULL,
	`from_total` integer NOT NULL,
	`to_total` integer NOT NULL,
	`at_ms` integer NOT NULL,
	`state` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `meter`, `period_start_ms`, `from_total`),
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `meter_reports_by_state` ON `meter_reports` (`state`,`created_at_ms`);--> statement-breakpoint
CREATE TABLE `quota_notices` (
	`organization_id` text NOT NULL,
	`limit` text NOT NULL,
	`level` text NOT NULL,
	`period_start_ms` integer NOT NULL,
	`created_at_ms` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `limit`, `level`, `period_start_ms`),
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `storage_usage` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`stored_bytes` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `stripe_events` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`state` text NOT NULL,
	`payload` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`received_at_ms` integer NOT NULL,
	`attempts` integer NOT NULL,
	`next_attempt_at_ms` integer NOT NULL,
	`last_error` text,
	`settled_at_ms` integer
);
--> statement-breakpoint
CREATE INDEX `stripe_events_by_state` ON `stripe_events` (`state`,`next_attempt_at_ms`);--> statement-breakpoint
CREATE TABLE `subscriptions` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`stripe_subscription_id` text NOT NULL,
	`plan` text NOT NULL,
	`status` text NOT NULL,
	`usage_based` integer NOT NULL,
	`period_start_ms` integer NOT NULL,
	`period_end_ms` integer NOT NULL,
	`previous_period_start_ms` integer,
	`trial_ends_at_ms` integer,
	`cancel_at_ms` integer,
	`ended_at_ms` integer,
	`past_due_since_ms` integer,
	`graced_plan` text,
	`grace_until_ms` integer,
	`metered_at_ms` integer DEFAULT 0 NOT NULL,
	`version` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `subscriptions_by_metering` ON `subscriptions` (`usage_based`,`metered_at_ms`);