#!/bin/sh
# dpkg calls it with "upgrade" too, where nothing needs to stop; apk only before a removal.
set -e
if [ "${1:-}" != upgrade ] && [ -d /run/systemd/system ]; then
  systemctl --no-reload disable --now distropack-hello.service || true
fi
