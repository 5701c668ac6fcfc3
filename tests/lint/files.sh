#!/bin/sh
# files.sh - each folder's FILES text has one line for each of its files.
exec tools/files.sh --check
