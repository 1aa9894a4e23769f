/*
 * bench.h: what the benchmark's programs share. A clock, samples and their
 * percentiles, the placing of processes on CPUs, and targets: processes that
 * sleep until something is done to them.
 */
#ifndef BENCH_H
#define BENCH_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u

static inline void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Microseconds. */
static inline double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- Samples ----------------------------------------------------------- */

struct samples {
	double *value;
	size_t count, room;
};

static inline void sample(struct samples *s, double value)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 4096;
		s->value = realloc(s->value, s->room * sizeof *s->value);
		if (s->value == NULL)
			die("samples");
	}
	s->value[s->count++] = value;
}

static inline int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The value below which that share of the samples from `first` on lies. */
static inline double percentile(const struct samples *s, size_t first, double share)
{
	size_t n = s->count - first;
	double *copy, found;
	if (n == 0)
		return 0;
	copy = malloc(n * sizeof *copy);
	if (copy == NULL)
		die("percentile");
	memcpy(copy, s->value + first, n * sizeof *copy);
	qsort(copy, n, sizeof *copy, compare_doubles);
	found = copy[(size_t)(share * (double)(n - 1) + 0.5)];
	free(copy);
	return found;
}

static inline double median(const struct samples *s) { return percentile(s, 0, 0.5); }

/* ---- CPUs -------------------------------------------------------------- */

enum placement { ONE_CPU, FREE, PLACEMENTS };

static cpu_set_t allowed_cpus;

static inline void remember_cpus(void)
{
	if (sched_getaffinity(0, sizeof allowed_cpus, &allowed_cpus) != 0)
		die("sched_getaffinity");
}

/* The last CPU that we may use: the first ones get most of a machine's interrupts. */
static inline cpu_set_t one_cpu(void)
{
	cpu_set_t one;
	int cpu;
	CPU_ZERO(&one);
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &allowed_cpus); cpu--)
		;
	CPU_SET(cpu, &one);
	return one;
}

static inline void place(pid_t tid, enum placement where)
{
	cpu_set_t set = where == ONE_CPU ? one_cpu() : allowed_cpus;
	if (sched_setaffinity(tid, sizeof set, &set) != 0)
		die("sched_setaffinity");
}

/* All threads of a process. */
static inline void place_all(pid_t pid, enum placement where)
{
	char path[64];
	struct dirent *e;
	DIR *d;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	d = opendir(path);
	if (d == NULL)
		die("a target's threads");
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			place((pid_t)atoi(e->d_name), where);
	closedir(d);
}

/* ---- Targets ----------------------------------------------------------- */

struct target {
	pid_t pid;
	int threads;  /* in all */
	int mappings; /* made besides those that every process has */
};

static void *sleep_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

/* So many mappings that the kernel cannot merge: neighbours differ in protection. */
static inline void make_mappings(int count)
{
	char *area;
	int i;
	if (count == 0)
		return;
	area = mmap(NULL, (size_t)count * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		die("a target's mappings");
	for (i = 0; i < count; i += 2)
		if (mprotect(area + (size_t)i * PAGE, PAGE, PROT_NONE) != 0)
			die("a target's mappings");
}

static inline void make_threads(int count)
{
	pthread_attr_t small;
	pthread_t thread;
	int i;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	for (i = 0; i < count; i++)
		if ((errno = pthread_create(&thread, &small, sleep_for_ever, NULL)) != 0)
			die("a target's threads");
}

/* Until the process's main thread sleeps. */
static inline void await_sleep(pid_t pid)
{
	char path[64], text[512], *after;
	FILE *stat;
	double give_up = now() + 10e6;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	for (;;) {
		stat = fopen(path, "r");
		if (stat == NULL || fgets(text, sizeof text, stat) == NULL)
			die("a target ended");
		fclose(stat);
		after = strrchr(text, ')');
		if (after != NULL && after[2] == 'S')
			return;
		if (now() > give_up)
			die("a target does not come to rest");
		usleep(500);
	}
}

/* Run in each target before it says that it is ready; none if NULL. */
static void (*target_prepare)(void);

/* A target dies with the benchmark. */
static inline struct target target_start(int threads, int mappings)
{
	struct target t = { 0, threads, mappings };
	pid_t parent = getpid();
	int ready[2];
	char byte;
	fflush(NULL);
	if (pipe2(ready, O_CLOEXEC) != 0 || (t.pid = fork()) == -1)
		die("a target");
	if (t.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		if (target_prepare != NULL)
			target_prepare();
		make_mappings(mappings);
		make_threads(threads - 1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		sleep_for_ever(NULL);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("a target did not start");
	close(ready[0]);
	await_sleep(t.pid);
	return t;
}

static inline void target_end(struct target *t)
{
	kill(t->pid, SIGKILL);
	while (waitpid(t->pid, NULL, 0) == -1 && errno == EINTR)
		;
}

/* ---- A word handed to another process and back through a futex --------- */

struct handoff {
	volatile int turn; /* 0: ours, 1: the other process's */
};

static inline void futex_wait(volatile int *word, int value)
{
	syscall(SYS_futex, word, 0 /* FUTEX_WAIT, shared */, value, NULL, NULL, 0);
}

static inline void futex_wake(volatile int *word)
{
	syscall(SYS_futex, word, 1 /* FUTEX_WAKE, shared */, 1, NULL, NULL, 0);
}

static inline void hand_over(struct handoff *h, int to)
{
	__atomic_store_n(&h->turn, to, __ATOMIC_SEQ_CST);
	futex_wake(&h->turn);
	while (__atomic_load_n(&h->turn, __ATOMIC_SEQ_CST) == to)
		futex_wait(&h->turn, to);
}

static inline pid_t handoff_start(struct handoff **h)
{
	pid_t pid, parent = getpid();
	*h = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (*h == MAP_FAILED || (pid = fork()) == -1)
		die("futex handoff");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		while ((*h)->turn == 0)
			futex_wait(&(*h)->turn, 0);
		for (;;)
			hand_over(*h, 0);
	}
	return pid;
}

#endif
