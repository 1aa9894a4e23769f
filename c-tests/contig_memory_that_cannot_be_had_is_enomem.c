/*
 * Where no huge page is free, or none is large enough, contiguous memory is
 * ENOMEM, and the sentence says how to reserve some. Nothing is mapped.
 *
 * runs-alone
 */
#include "huge.h"

static void test(struct target *t)
{
	const int flags = MAP_PHYS | MAP_ANON;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, flags | MAP_SHARED, NOFD, 0), ENOMEM);
	CHECK(strstr(mman_peer_explain(), "nr_hugepages") != NULL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, flags, NOFD, 0), ENOMEM);
	CHECK(strstr(mman_peer_explain(), "nr_hugepages") != NULL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, TOO_LONG / 2, PROT_READ | PROT_WRITE, flags | MAP_SHARED, NOFD, 0), ENOMEM);
	CHECK(strstr(mman_peer_explain(), "contiguous") != NULL);
}

int main(void)
{
	if (huge_size() == 0)
		check_skip("the kernel has no huge pages");
	if (huge_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", -1) != 0
			|| access("/dev/dma_heap", F_OK) == 0)
		check_skip("huge pages are free here, or there are DMA heaps");
	own_and_peer(NULL, test);
	return 0;
}
