ALTER TABLE `artifacts` ADD `warnings` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `jobs` ADD `warnings` text DEFAULT '[]' NOT NULL;