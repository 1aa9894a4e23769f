/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * utek_consumer: the second of two programs in the style of Tektronix UTek. It
 * starts utek_producer, maps the ring buffer of that process into its own address
 * space, and prints what comes through it.
 *
 *	utek_consumer path-of-utek_producer [lines]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include "utek_ring.h"

int main(int argc, char **argv)
{
	const char *count = argc > 2 ? argv[2] : "200";
	unsigned lines = (unsigned)atoi(count), n, len, page = (unsigned)getpagesize();
	struct ring *ring = (struct ring *)0x30000000;
	unsigned long theirs;
	int said[2], pid, status;
	FILE *from;

	if (argc < 2 || pipe(said) == -1)
		return 2;
	if (fork() == 0) {
		dup2(said[1], 1);
		execl(argv[1], "utek_producer", count, (char *)0);
		_exit(2);
	}
	close(said[1]);
	from = fdopen(said[0], "r");
	if (from == NULL || fscanf(from, "%d %lx", &pid, &theirs) != 2)
		return 1;
	len = (sizeof(struct ring) + page - 1) / page * page;
	if (mmap(pid, theirs, ring, len, M_R_SELF | M_W_SELF, SHARED) == -1) {
		perror("utek_consumer: mmap");
		return 1;
	}
	for (n = 0; n < lines; n++) {
		while (ring->filled == n)
			usleep(100);
		__sync_synchronize();
		puts(ring->line[n % RING_SLOTS]);
		ring->taken = n + 1;
	}
	return wait(&status) == pid && status == 0 ? 0 : 1;
}
