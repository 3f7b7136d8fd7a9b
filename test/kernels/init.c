/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first process of the test kernels' guests: it mounts what Linux
 * programs expect, loads the modules it was given, runs one program with its
 * output on the second serial port, reports how that ended and powers off.
 * The kernel's console is the first serial port.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define OUTPUT		"/dev/ttyS1"
#define MODULES		"/guest/modules"	/* in the order of their names */
#define ARGUMENTS	"/guest/argv"		/* each ended by a NUL */
#define ARGUMENTS_MAX	64

static const struct {
	const char *type, *target, *data;
} mounts[] = {
	{ "devtmpfs", "/dev", NULL },
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "bpf", "/sys/fs/bpf", "mode=0700" },
	{ "cgroup2", "/sys/fs/cgroup", NULL },
};

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void fail(const char *what)
{
	printf("guest: cannot %s: %s\n", what, strerror(errno));
	tcdrain(STDOUT_FILENO);
	power_off();
}

/* Without a device in the initramfs the kernel starts us without one. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, 0,
			  mounts[i].data) < 0)
			fail(mounts[i].target);
		if (i == 0)
			open_console();
	}
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fail("set lo up");
	close(fd);
}

static int is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void load_modules(void)
{
	struct dirent **names;
	int count = scandir(MODULES, &names, is_module, alphasort);

	for (int i = 0; i < count; i++) {
		char path[512];
		int fd;

		snprintf(path, sizeof(path), MODULES "/%s", names[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			fail(path);
		close(fd);
	}
}

/* A line discipline that changes no byte. */
static int open_output(void)
{
	struct termios settings;
	int fd = open(OUTPUT, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &settings) < 0)
		fail("open " OUTPUT);
	cfmakeraw(&settings);
	settings.c_cflag |= CLOCAL;
	if (tcsetattr(fd, TCSANOW, &settings) < 0)
		fail("set " OUTPUT);
	return fd;
}

static void run(int output)
{
	static char text[65536];
	char *argv[ARGUMENTS_MAX + 1] = { NULL };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = open(ARGUMENTS, O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	int count = 0;

	for (ssize_t at = 0; at < length && count < ARGUMENTS_MAX;
	     at += strlen(text + at) + 1)
		argv[count++] = text + at;
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	setsid();
	if (count > 0)
		execv(argv[0], argv);
	perror(count > 0 ? argv[0] : ARGUMENTS);
	_exit(127);
}

int main(void)
{
	const struct rlimit core = { 0, 0 };
	int output, status = 0;
	pid_t child;

	mount_all();
	setrlimit(RLIMIT_CORE, &core);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("NO_COLOR", "1", 1);
	load_modules();
	loopback_up();
	output = open_output();
	printf("guest: started\n");

	child = fork();
	if (child == 0)
		run(output);
	while (child > 0 && waitpid(-1, &status, 0) != child)
		;
	kill(-1, SIGKILL);	/* nobody else writes the last line */
	dprintf(output, "\nexit %d\n", WIFEXITED(status) ?
		WEXITSTATUS(status) : 128 + WTERMSIG(status));
	tcdrain(output);
	power_off();
	return 0;
}
