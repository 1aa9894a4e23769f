/*
 * Everything that a sleeping target may write to - data, heap, stack - is read
 * before and after mappings of all kinds, and is the same to the byte. The only
 * exception is the kernel's own: the rseq area, where it notes the processor.
 */
#define _FILE_OFFSET_BITS 64
#include "disturb.h"
#include <sys/rseq.h>

static int target(int channel)
{
	/* A heap and a deep stack with contents. */
	volatile char deep[200000];
	char *heap = malloc(300000);
	memset((char *)deep, 0x5a, sizeof deep);
	memset(heap, 0xa5, 300000);
	tell_word(channel, 1);
	hear_word(channel);
	return deep[100] == 0x5a && heap[100] == (char)0xa5 ? 0 : 1;
}

/* A hash of the page; the rseq area of the (forked) target lies where ours does. */
static uint64_t hash_page(unsigned char *page, uintptr_t at)
{
	uintptr_t rseq = (uintptr_t)__builtin_thread_pointer() + (uintptr_t)__rseq_offset;
	uint64_t h = 14695981039346656037u;
	size_t i;
	for (i = 0; i < check_page(); i++)
		if (at + i < rseq || at + i >= rseq + 32)
			h = (h ^ page[i]) * 1099511628211u;
	return h;
}

struct hashes { size_t count; uintptr_t at[100000]; uint64_t hash[100000]; };

static void hash_writable(pid_t pid, struct hashes *h)
{
	static char maps[1 << 17];
	static unsigned char page[65536];
	char path[64], *line, *rest;
	int memory;
	h->count = 0;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	slurp(path, maps, sizeof maps);
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	CHECK((memory = open(path, O_RDONLY | O_CLOEXEC)) != -1);
	for (line = strtok_r(maps, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned long from, to;
		char access[8];
		CHECK(sscanf(line, "%lx-%lx %7s", &from, &to, access) == 3);
		/* A page that this test owns itself would change under its own hands. */
		if (access[1] != 'w' || access[3] == 's')
			continue;
		for (; from < to; from += check_page()) {
			CHECK(h->count < 100000);
			CHECK(pread(memory, page, check_page(), (off_t)from) == (ssize_t)check_page());
			h->at[h->count] = from;
			h->hash[h->count++] = hash_page(page, from);
		}
	}
	close(memory);
}

int main(void)
{
	static struct hashes before, after;
	size_t i, size = 2 * check_page();
	struct peer p = peer_start(target);
	int fd = memfd_create("object", MFD_CLOEXEC), round;
	void *m;
	CHECK(fd != -1 && ftruncate(fd, (off_t)size) == 0);
	CHECK(hear_word(p.channel) == 1);
	await_syscall(p.pid, CALL_OF_RECV);
	hash_writable(p.pid, &before);
	CHECK(before.count > 100);
	for (round = 0; round < check_fewer(5); round++) {
		disturb(p.pid);
		CHECK_MAPS(m, mmap_peer(p.pid, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
		CHECK_OK(munmap_peer(p.pid, m, size));
		CHECK_MAPS(m, mmap_peer(p.pid, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0));
		CHECK_OK(munmap_peer(p.pid, m, size));
	}
	await_syscall(p.pid, CALL_OF_RECV);
	hash_writable(p.pid, &after);
	CHECK(before.count == after.count);
	for (i = 0; i < before.count; i++) {
		CHECK(before.at[i] == after.at[i]);
		if (before.hash[i] != after.hash[i])
			fprintf(stderr, "the page at %#lx has changed\n", (unsigned long)before.at[i]);
		CHECK(before.hash[i] == after.hash[i]);
	}
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
