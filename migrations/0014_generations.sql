ALTER TABLE `projects` ADD `generation` integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
-- Of projects that are there already, each publisher notes it when it is woken.
INSERT INTO `outbox` (`id`, `kind`, `subject`, `not_before_ms`, `created_at_ms`)
SELECT 'out_generation_' || `id`, 'publisher', `id`, 0, 0 FROM `projects`;
