#!/bin/sh
# Run on the target by the CI of OpenWrt's packages: $1 is the package, $2 its version.

case "$1" in
domainroute)
	domainroute --version | grep -F "$2" || exit 1
	domainroute check
	;;
esac
