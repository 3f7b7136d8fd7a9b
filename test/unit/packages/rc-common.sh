#!/bin/sh
# rc-common.sh SCRIPT ACTION: what OpenWrt's rc.common does with an init script for procd. What reaches procd and our
# program is printed, a line each. Of the environment: ENABLED (option enabled), RUNNING (an instance), PINS (directory).
set -eu
script="$1"
action="$2"
PKG_UPGRADE="${PKG_UPGRADE-}"
RESTARTING=

config_load() { :; }
config_get_bool() { eval "$1=$ENABLED"; }
procd_open_instance() { echo "instance $*"; }
procd_set_param() { echo "param $*"; }
procd_add_jail() { echo "jail $*"; }
procd_close_instance() { :; }
procd_add_reload_trigger() { echo "trigger $*"; }
procd_send_signal() { echo "signal $*"; }
procd_running() { [ -n "$RUNNING" ]; }
program() { echo "domainroute $*"; }
sleep() { RUNNING=; } # the instance needs a moment to end

wanted_pins="$PINS"
# shellcheck source=/dev/null
. "$script"
PINS="$wanted_pins"
PROG=program

start() {
	echo set
	start_service
	service_triggers
	service_started
}
stop() {
	stop_service
	echo delete
	service_stopped
}
reload() { reload_service; }

"$action"
