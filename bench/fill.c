/*
 * fill.c: what it costs to fill a range that is reserved in another process:
 * 1,000 MAP_FIXED pieces of a page, from physical memory (the file that stands
 * in for it) and a shared memory object by turns, and the one munmap_peer() of
 * the whole; beside it a single map of the same object where there is room.
 *
 * run.sh sets MMAN_PEER_PHYSMEM, which the library reads when it is loaded.
 */
#include "bench.h"
#include <sys/mman_peer.h>
#include <mman_peer.h>

enum { PIECES = 1000, ROUNDS = 8, WHOLE = PIECES * PAGE };

enum { SINGLE, RESERVE, PHYSICAL, OBJECT, UNMAP, ROWS };
static const char *const row_name[ROWS] = {
	[SINGLE] =   "a single map of the object",
	[RESERVE] =  "the range reserved",
	[PHYSICAL] = "a piece of physical memory",
	[OBJECT] =   "a piece of the object",
	[UNMAP] =    "the whole unmapped, 1,000 pieces",
};
static struct samples rows[ROWS][PLACEMENTS];
static struct samples ratios[PLACEMENTS]; /* of a round: a piece, of either kind, by a single map */
static int object;

static void *checked(void *p)
{
	if (p == MAP_FAILED) {
		fprintf(stderr, "bench: a map failed: %s: %s\n", strerror(errno), mman_peer_explain());
		exit(1);
	}
	return p;
}

static void unmap(pid_t pid, void *p, size_t len)
{
	if (munmap_peer(pid, p, len) != 0) {
		fprintf(stderr, "bench: an unmap failed: %s: %s\n", strerror(errno), mman_peer_explain());
		exit(1);
	}
}

static void single(pid_t pid, struct samples *row)
{
	double start = now();
	void *p = checked(mmap_peer(pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, object, 0));
	sample(row, now() - start);
	unmap(pid, p, PAGE);
}

static void piece(pid_t pid, void *at, int i, struct samples *row)
{
	int physical = i % 2 == 0;
	double start = now();
	checked(mmap_peer(pid, at, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | (physical ? MAP_PHYS : 0),
			  physical ? NOFD : object, (off_t)i * PAGE));
	sample(row, now() - start);
}

static void one_round(pid_t pid, int where)
{
	size_t singles = rows[SINGLE][where].count;
	struct samples pieces = { 0 };
	char *range;
	double start;
	int i;

	/* Before the fill: the target is small, as it is when the first piece comes. */
	for (i = 0; i < PIECES / 4; i++)
		single(pid, &rows[SINGLE][where]);
	start = now();
	range = checked(mmap_peer(pid, NULL, WHOLE, PROT_NONE, MAP_ANON | MAP_PRIVATE | MAP_LAZY, NOFD, 0));
	sample(&rows[RESERVE][where], now() - start);
	for (i = 0; i < PIECES; i++) {
		struct samples *row = &rows[i % 2 == 0 ? PHYSICAL : OBJECT][where];
		piece(pid, range + (size_t)i * PAGE, i, row);
		sample(&pieces, row->value[row->count - 1]);
	}
	start = now();
	unmap(pid, range, WHOLE);
	sample(&rows[UNMAP][where], now() - start);
	sample(&ratios[where], median(&pieces) / percentile(&rows[SINGLE][where], singles, 0.5));
	free(pieces.value);
}

int main(void)
{
	struct target t;
	int round, where, i;

	if (getenv("MMAN_PEER_PHYSMEM") == NULL) {
		fprintf(stderr, "bench: MMAN_PEER_PHYSMEM names no file: run bench/run.sh\n");
		return 1;
	}
	remember_cpus();
	object = memfd_create("bench", MFD_CLOEXEC);
	if (object == -1 || ftruncate(object, WHOLE) != 0)
		die("memfd_create");
	t = target_start(1, 0);
	for (round = 0; round < ROUNDS; round++)
		for (where = 0; where < PLACEMENTS; where++) {
			place(0, where);
			place(t.pid, where);
			one_round(t.pid, where);
		}
	target_end(&t);

	printf("\n%-42s%24s%24s\n", "A reserved range filled by 1,000 pieces", "both on one CPU", "free to move");
	printf("%-42s%12s%12s%12s%12s\n", "", "p50", "p99", "p50", "p99");
	for (i = 0; i < ROWS; i++) {
		printf("%-42s", row_name[i]);
		for (where = 0; where < PLACEMENTS; where++)
			printf("%9.1f us%9.1f us", median(&rows[i][where]), percentile(&rows[i][where], 0, 0.99));
		printf("\n");
	}
	printf("%-42s%12.2f%24.2f\n", "a piece against a single map", median(&ratios[ONE_CPU]), median(&ratios[FREE]));
	return 0;
}
