ALTER TABLE `invitations` ADD `secret_sha256` text;--> statement-breakpoint
CREATE INDEX `signing_keys_by_name` ON `signing_keys` (`kind`,`name`);--> statement-breakpoint
CREATE INDEX `trusted_publishers_by_issuer` ON `trusted_publishers` (`issuer`);