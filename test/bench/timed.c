// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs programs in turns and writes what each run took:
 *
 *   timed TURNS -- PROGRAM ARGUMENT... [-- PROGRAM ARGUMENT...]...
 *
 * A line a run: number of the program, nanoseconds from start to end, peak
 * resident set in KiB. Their output is thrown away. Ends with status 1 when
 * one of them fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS_MAX 8

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Its output goes to /dev/null, its complaints to ours. */
static void become(char **argv)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	execvp(argv[0], argv);
	fprintf(stderr, "Cannot run '%s': %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int run(int number, char **argv)
{
	struct rusage usage;
	uint64_t start = now(), end;
	int status;
	pid_t pid = vfork();

	if (!pid)
		become(argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		fprintf(stderr, "Cannot run '%s': %s\n", argv[0], strerror(errno));
		return 1;
	}
	end = now();
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "Cannot time '%s': it failed\n", argv[0]);
		return 1;
	}
	printf("%d %llu %ld\n", number, (unsigned long long)(end - start),
	       usage.ru_maxrss);
	return 0;
}

int main(int argc, char **argv)
{
	char **programs[PROGRAMS_MAX];
	int count = 0, turns, turn, i;

	for (i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		argv[i] = NULL;
		if (count < PROGRAMS_MAX)
			programs[count++] = &argv[i + 1];
	}
	if (argc < 4 || !count) {
		fprintf(stderr, "Cannot time: a program is missing\n");
		return 2;
	}
	turns = atoi(argv[1]);
	for (turn = 0; turn < turns; turn++)
		for (i = 0; i < count; i++)
			if (run(i, programs[i]))
				return 1;
	return 0;
}
