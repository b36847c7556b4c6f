PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_signing_keys` (
	`project_id` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`state` text DEFAULT 'signing' NOT NULL,
	`public_key` text NOT NULL,
	`sealed_private_key` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	PRIMARY KEY(`project_id`, `kind`, `name`),
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_signing_keys`("project_id", "kind", "name", "state", "public_key", "sealed_private_key", "created_at_ms") SELECT "project_id", "kind", "name", 'signing', "public_key", "sealed_private_key", "created_at_ms" FROM `signing_keys`;--> statement-breakpoint
DROP TABLE `signing_keys`;--> statement-breakpoint
ALTER TABLE `__new_signing_keys` RENAME TO `signing_keys`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `signing_keys_at_work` ON `signing_keys` (`project_id`,`kind`,`state`) WHERE state IN ('signing', 'next');