#!/bin/sh
# Runs after every installation and upgrade, under dpkg (with arguments), rpm (with a count) and apk (with versions) alike.
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
