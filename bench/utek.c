/*
 * utek.c: what utek_mmap() costs for memory of a process that knows nothing of
 * it: the whole call, and how long that process stands still, beside a memcpy()
 * of the same size into fresh shared memory; and a join of what is shared.
 */
#include "bench.h"
#include <mman_peer.h>
#include <mman_peer/utek/sys/mman.h>
#undef mmap

enum { ROUNDS = 15 };

static double middle(double *v, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && v[j - 1] > v[j]; j--) {
			double t = v[j]; v[j] = v[j - 1]; v[j - 1] = t;
		}
	return v[n / 2];
}

struct page { volatile double longest, reset; };

/* Looks at the clock without end: the longest gap is how long it stood still.
 * It has the pages of its area again and again, ordinary ones. */
static void watch(struct page *seen, void *area, size_t len, int in, int out)
{
	char c;
	fcntl(in, F_SETFL, O_NONBLOCK);
	for (double last = now();;) {
		double t = now();
		if (t - last > seen->longest)
			seen->longest = t - last;
		last = t;
		if (read(in, &c, 1) == 1) {
			if (mmap(area, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != area)
				die("mmap");
			memset(area, 7, len);
			if (write(out, &c, 1) != 1)
				_exit(1);
			last = now();
			seen->longest = 0;
		}
	}
}

struct cost { size_t mib; double call, copy; };

static struct cost measure(size_t mib)
{
	size_t len = mib << 20;
	int to[2], from[2];
	char c = 0;
	double call[ROUNDS], still[ROUNDS], copy[ROUNDS], warm[ROUNDS], join[ROUNDS];
	struct page *seen = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *area = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *room = mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pipe(to) || pipe(from) || seen == MAP_FAILED || area == MAP_FAILED || room == MAP_FAILED)
		die("memory");
	munmap(room, 2 * len);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch(seen, area, len, to[0], from[1]);
	}
	memset(area, 7, len);
	for (int i = 0; i < ROUNDS; i++) {
		if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
			die("pipe");
		seen->longest = 0;
		double t = now();
		if (utek_mmap(pid, area, room, (unsigned)len, M_R_SELF | M_W_SELF, SHARED) != 0) {
			fprintf(stderr, "bench: %s\n", mman_peer_explain());
			exit(1);
		}
		call[i] = now() - t;
		still[i] = seen->longest;
		t = now();
		if (utek_mmap(pid, area, room + len, (unsigned)len, M_R_SELF | M_W_SELF, SHARED) != 0)
			die("join");
		join[i] = now() - t;
		munmap(room, 2 * len);
		int fd = memfd_create("copy", MFD_CLOEXEC);
		if (ftruncate(fd, (off_t)len) != 0)
			die("memfd");
		t = now();
		char *fresh = mmap(room, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
		memcpy(fresh, area, len);
		copy[i] = now() - t;
		t = now();
		memcpy(fresh, area, len);
		warm[i] = now() - t;
		munmap(fresh, len);
		close(fd);
	}
	double m = (double)mib, base = middle(copy, ROUNDS);
	printf("utek_mmap %4zu MiB: call %8.0f us = %.2f x memcpy to fresh shared memory (%.0f us), "
	       "stands still %.0f us = %.1f us/MiB = %.2f x memcpy to warm memory, join %.0f us\n",
	       mib, middle(call, ROUNDS), middle(call, ROUNDS) / base, base, middle(still, ROUNDS),
	       middle(still, ROUNDS) / m, middle(still, ROUNDS) / middle(warm, ROUNDS), middle(join, ROUNDS));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(area, len);
	return (struct cost){ mib, middle(call, ROUNDS), base };
}

int main(void)
{
	struct cost least = measure(1), more = measure(16), most = measure(64);
	/* What does not grow is the first size's, less what it copies. */
	double each = (most.call - more.call) / (double)(most.mib - more.mib);
	double copy = (most.copy - more.copy) / (double)(most.mib - more.mib);
	printf("utek_mmap of a MiB more: %.0f us = %.2f x memcpy (%.0f us); besides, whatever the size, %.0f us\n",
	       each, each / copy, copy, least.call - each);
	return 0;
}
