/*
 * bench.c: what a call costs, beside what it can be compared with, all in one
 * run: a pair is one 4 KiB mapping made in a sleeping process and removed
 * again. Then how a pair's cost grows with the target's threads and mappings.
 *
 * The ways take turns in short rounds, so that the noise of the machine hits
 * all of them alike. A ratio is the median of the rounds' ratios.
 */
#include "bench.h"
#include "compel.h"
#include "ptrace_do.h"
#include <sys/utsname.h>
#include <sys/mman_peer.h>
#include <mman_peer.h>

enum {
	ROUNDS = 40,         /* of the first table, each in both placements */
	PAIRS = 80,          /* of each way in a round */
	GROWTH_ROUNDS = 60,
	GROWTH_PAIRS = 16,
	WARM_UP = 4,
	GDB_RUNS = 5,
};

static const char *const placement_name[PLACEMENTS] = { "both on one CPU", "free to move" };

/* ---- The ways ---------------------------------------------------------- */

static int memfd;
static struct handoff *handoff;
static pid_t handoff_pid;

static int peer_pair(pid_t pid, int prot, int flags, int fd)
{
	void *p = mmap_peer(pid, NULL, PAGE, prot, flags, fd, 0);
	return p == MAP_FAILED ? -1 : munmap_peer(pid, p, PAGE);
}

static int anonymous_pair(pid_t pid)
{
	return peer_pair(pid, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, NOFD);
}

static int memfd_pair(pid_t pid)
{
	return peer_pair(pid, PROT_READ | PROT_WRITE, MAP_SHARED, memfd);
}

static int local_pair(pid_t unused)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)unused;
	return p == MAP_FAILED ? -1 : munmap(p, PAGE);
}

static int handoff_round(pid_t unused)
{
	(void)unused;
	hand_over(handoff, 1);
	return 0;
}

/* gdb attaches, calls both functions and lets go: 0, or -1 if it could not. */
static int gdb_pair(pid_t pid)
{
	char command[256];
	snprintf(command, sizeof command,
		 "gdb -nx -batch -p %d -ex 'print (long)mmap(0,4096,3,0x22,-1,0)' "
		 "-ex 'print (int)munmap($1,4096)' 2>/dev/null | grep -q '^.2 = 0$'", (int)pid);
	return system(command) == 0 ? 0 : -1;
}

enum { SERVED, SERVED_MEMFD, ANONYMOUS, MEMFD, COMPEL, COMPEL_QUICK, PTRACE_DO, LOCAL, HANDOFF, WAYS };

struct way {
	const char *name;
	int (*once)(pid_t pid);
	/* In place of it: so many, timed by themselves. */
	int (*many)(pid_t pid, int count, struct samples *all);
	int served;                          /* the target is one that serves */
	char missing[256];                   /* why it cannot be measured; empty if it can */
	struct samples all[PLACEMENTS];
	struct samples by_round[PLACEMENTS]; /* medians */
};

static struct way ways[WAYS] = {
	[SERVED] =       { .name = "by a service in the target, anonymous", .once = anonymous_pair, .served = 1 },
	[SERVED_MEMFD] = { .name = "by a service in the target, memfd", .once = memfd_pair, .served = 1 },
	[ANONYMOUS] =    { .name = "by injection, anonymous", .once = anonymous_pair },
	[MEMFD] =        { .name = "by injection, memfd", .once = memfd_pair },
	[COMPEL] =       { .name = "libcompel, a whole cycle for each call", .once = compel_pair },
	[COMPEL_QUICK] = { .name = "libcompel, as little as it allows", .once = compel_quick_pair },
	[PTRACE_DO] =    { .name = "ptrace-do, both calls in one cycle", .many = ptrace_do_pairs },
	[LOCAL] =        { .name = "mmap + munmap in the caller itself", .once = local_pair },
	[HANDOFF] =      { .name = "futex handoff to a process and back", .once = handoff_round },
};

/* So many timed runs; they are a round of their own in `by_round`. */
static void measure(int (*once)(pid_t), pid_t pid, int runs, struct samples *all, struct samples *by_round)
{
	size_t first = all->count;
	int i;
	for (i = 0; i < WARM_UP; i++)
		once(pid);
	for (i = 0; i < runs; i++) {
		double start = now();
		if (once(pid) != 0) {
			fprintf(stderr, "bench: a call failed: %s: %s\n", strerror(errno), mman_peer_explain());
			exit(1);
		}
		sample(all, now() - start);
	}
	sample(by_round, percentile(all, first, 0.5));
}

/* Likewise, of a way that times itself. */
static void measure_many(const struct way *w, pid_t pid, int runs, struct samples *all, struct samples *by_round)
{
	size_t first = all->count;
	if (w->many(pid, WARM_UP, NULL) != 0 || w->many(pid, runs, all) != 0)
		die(w->name);
	sample(by_round, percentile(all, first, 0.5));
}

/* The median of the rounds' ratios; 0 if there are none. */
static double ratio(const struct samples *above, const struct samples *below)
{
	struct samples ratios = { 0 };
	double found;
	size_t i;
	for (i = 0; i < above->count && i < below->count; i++)
		sample(&ratios, above->value[i] / below->value[i]);
	found = median(&ratios);
	free(ratios.value);
	return found;
}

/* ---- Figures with a wish ----------------------------------------------- */

struct figure {
	char name[128];
	double value, wanted; /* value 0: could not be measured */
};
static struct figure figures[16];
static int figure_count;

static void figure(double value, double wanted, const char *what, const char *detail)
{
	struct figure *f = &figures[figure_count++];
	snprintf(f->name, sizeof f->name, "%s, %s", what, detail);
	f->value = value;
	f->wanted = wanted;
}

static void print_figures(void)
{
	const struct figure *f;
	printf("\n");
	for (f = figures; f < figures + figure_count; f++) {
		printf("%-68s ", f->name);
		if (f->value == 0)
			printf("not measured (wanted: at most %.1f)\n", f->wanted);
		else
			printf("%5.2f (wanted: at most %.1f)%s\n", f->value, f->wanted,
			       f->value <= f->wanted ? "" : "  MISSED");
	}
}

/* ---- First table: a pair ----------------------------------------------- */

static void find_missing(pid_t pid, pid_t serving)
{
	int i;
	const char *why = ptrace_do_start();
	for (i = 0; i < WAYS; i++) {
		struct way *w = &ways[i];
		if (w->many != NULL) {
			if (why == NULL && w->many(pid, 1, NULL) != 0)
				why = "fails here";
			if (why != NULL)
				snprintf(w->missing, sizeof w->missing, "%s", why);
		} else if ((i == COMPEL || i == COMPEL_QUICK) && compel_missing() != NULL)
			snprintf(w->missing, sizeof w->missing, "%s", compel_missing());
		else if (w->once(w->served ? serving : pid) != 0)
			snprintf(w->missing, sizeof w->missing, "fails here: %s",
				 i == COMPEL || i == COMPEL_QUICK ? strerror(errno) : mman_peer_explain());
	}
}

static void measure_pairs(pid_t pid, pid_t serving)
{
	int round, where, turn, i;
	for (round = 0; round < ROUNDS; round++)
		for (where = 0; where < PLACEMENTS; where++) {
			place(0, where);
			place(pid, where);
			place_all(serving, where);
			place(handoff_pid, where);
			if (ptrace_do_pid != 0)
				place(ptrace_do_pid, where);
			for (turn = 0; turn < WAYS; turn++) {
				struct way *w = &ways[i = (turn + round) % WAYS]; /* nobody is always first after the move */
				if (w->missing[0] != '\0')
					continue;
				if (w->many != NULL)
					measure_many(w, pid, PAIRS, &w->all[where], &w->by_round[where]);
				else
					measure(w->once, w->served ? serving : pid, PAIRS, &w->all[where], &w->by_round[where]);
			}
		}
}

static void print_heads(const char *title)
{
	printf("\n%-42s%24s%24s\n", title, placement_name[ONE_CPU], placement_name[FREE]);
	printf("%-42s%12s%12s%12s%12s\n", "", "p50", "p99", "p50", "p99");
}

static void print_row(const char *name, const struct samples all[PLACEMENTS])
{
	int where;
	printf("%-42s", name);
	for (where = 0; where < PLACEMENTS; where++)
		printf("%9.1f us%9.1f us", percentile(&all[where], 0, 0.5), percentile(&all[where], 0, 0.99));
	printf("\n");
}

static void print_gdb(pid_t pid)
{
	struct samples all = { 0 };
	int i;
	printf("%-42s", "gdb, attach and call both");
	for (i = 0; i < GDB_RUNS; i++) {
		double start = now();
		if (gdb_pair(pid) != 0) {
			printf("  %s\n", system("gdb -v >/dev/null 2>&1") == 0 ? "fails here" : "missing here (Debian: apt install gdb)");
			return;
		}
		sample(&all, now() - start);
	}
	printf("%24s%9.0f ms  (%d runs)\n", "", median(&all) / 1e3, GDB_RUNS);
}

static void serve(void)
{
	if (mman_peer_serve() != 0)
		die("mman_peer_serve");
}

/* A round's futex handoffs, two of them, and its local pair: what a pair by a service is made of. */
static struct samples floor_of(enum placement where)
{
	struct samples sums = { 0 };
	size_t i;
	for (i = 0; i < ways[LOCAL].by_round[where].count; i++)
		sample(&sums, 2 * ways[HANDOFF].by_round[where].value[i] + ways[LOCAL].by_round[where].value[i]);
	return sums;
}

static void pairs(void)
{
	struct target t = target_start(1, 0), serving;
	struct samples floor;
	int i, where;
	target_prepare = serve;
	serving = target_start(1, 0);
	target_prepare = NULL;
	find_missing(t.pid, serving.pid);
	measure_pairs(t.pid, serving.pid);
	print_heads("4 KiB mapped and unmapped");
	for (i = 0; i < WAYS; i++)
		if (ways[i].missing[0] != '\0')
			printf("%-42s  %s\n", ways[i].name, ways[i].missing);
		else
			print_row(ways[i].name, ways[i].all);
	place(0, FREE);
	place(t.pid, FREE);
	print_gdb(t.pid);
	for (where = 0; where < PLACEMENTS; where++) {
		figure(ratio(&ways[ANONYMOUS].by_round[where], &ways[COMPEL].by_round[where]), 1.0,
		       "a pair against libcompel's", placement_name[where]);
		figure(ratio(&ways[MEMFD].by_round[where], &ways[ANONYMOUS].by_round[where]), 2.5,
		       "a memfd pair against an anonymous one", placement_name[where]);
	}
	/* Across processors the handoff is a matter of waking, and of chance. */
	floor = floor_of(ONE_CPU);
	figure(ratio(&ways[SERVED].by_round[ONE_CPU], &floor), 1.6,
	       "by a service, against two handoffs and a local pair", placement_name[ONE_CPU]);
	figure(ratio(&ways[SERVED_MEMFD].by_round[ONE_CPU], &floor), 2.0,
	       "the same with a memfd", placement_name[ONE_CPU]);
	target_end(&t);
	target_end(&serving);
}

/* ---- Second table: growth ---------------------------------------------- */

static void growth(const char *title, const char *unit, struct target *targets, int count, const int *sizes)
{
	struct samples all[8][PLACEMENTS] = { 0 }, by_round[8][PLACEMENTS] = { 0 };
	int round, where, turn, i;
	char name[64], title_for_figure[64];
	for (round = 0; round < GROWTH_ROUNDS; round++)
		for (where = 0; where < PLACEMENTS; where++) {
			place(0, where);
			for (turn = 0; turn < count; turn++) {
				i = (turn + round) % count;
				place(targets[i].pid, where);
				measure(anonymous_pair, targets[i].pid, GROWTH_PAIRS, &all[i][where], &by_round[i][where]);
			}
		}
	print_heads(title);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%6d %s", sizes[i], unit);
		print_row(name, all[i]);
	}
	snprintf(title_for_figure, sizeof title_for_figure, "%d against %d %s", sizes[count - 1], sizes[0], unit);
	for (where = 0; where < PLACEMENTS; where++)
		figure(ratio(&by_round[count - 1][where], &by_round[0][where]), 1.2, title_for_figure, placement_name[where]);
	for (i = 0; i < count; i++)
		target_end(&targets[i]);
}

static void growth_with_threads(void)
{
	static const int sizes[] = { 1, 10, 100, 1000 };
	struct target targets[4];
	int i;
	for (i = 0; i < 4; i++)
		targets[i] = target_start(sizes[i], 0);
	growth("A pair in a target of so many threads", "threads", targets, 4, sizes);
}

static void growth_with_mappings(void)
{
	static const int sizes[] = { 10, 1000, 50000 };
	struct target targets[3];
	int i;
	for (i = 0; i < 3; i++)
		targets[i] = target_start(1, sizes[i]);
	growth("A pair in a target of so many mappings", "mappings", targets, 3, sizes);
}

int main(void)
{
	struct utsname u;
	uname(&u);
	remember_cpus();
	printf("libmman_peer %s, %s %s %s, %d CPUs\n", mman_peer_version(), u.sysname, u.release, u.machine,
	       CPU_COUNT(&allowed_cpus));
	memfd = memfd_create("bench", MFD_CLOEXEC);
	if (memfd == -1 || ftruncate(memfd, PAGE) != 0)
		die("memfd_create");
	handoff_pid = handoff_start(&handoff);
	pairs();
	if (ways[ANONYMOUS].missing[0] == '\0') {
		growth_with_threads();
		growth_with_mappings();
	}
	print_figures();
	kill(handoff_pid, SIGKILL);
	waitpid(handoff_pid, NULL, 0);
	return 0;
}
