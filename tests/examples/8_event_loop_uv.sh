#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 8_event_loop_uv.sh PROGRAM
exec bash "$(dirname "${BASH_SOURCE[0]}")/8_event_loop.sh" "$@"
