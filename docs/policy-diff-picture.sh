#!/bin/sh
# Makes docs/images/policy-diff.png: the page of an example change, as a browser shows it. Needs Chromium.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd test/cli/diff && ../../../node_modules/.bin/tsx ../../../cli/main.ts diff example.old.hujson example.new.hujson --html "$work/page.html" >/dev/null)
"${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync \
  --user-data-dir="$work/browser" --hide-scrollbars --window-size=1280,1920 --screenshot="$work/page.png" "file://$work/page.html" 2>/dev/null
mv "$work/page.png" docs/images/policy-diff.png
