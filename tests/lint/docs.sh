#!/bin/sh
# docs.sh - keys, report and picture in the documents are the program's own.
exec tools/docs.sh --check "${KTLSIM:?names the program}"
