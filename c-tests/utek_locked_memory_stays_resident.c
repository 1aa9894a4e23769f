/*
 * A process has locked its memory. When it is moved to be shared, its pages stay
 * where they are promised to be, before anybody touches them.
 */
#include "utek.h"
#include <sys/mman.h>

static size_t size;

static int locks(int channel)
{
	unsigned char *area = utek_memory(size, 3), present[64];
	CHECK(mlock(area, size) == 0);
	tell_word(channel, (uintptr_t)area);
	CHECK(hear_word(channel) == 1);
	/* Present in this process's tables, and locked: its own page table says so. */
	{
		FILE *smaps = fopen("/proc/self/smaps", "re");
		char line[512];
		unsigned long start, end, kib = 0;
		int within = 0, found = 0;
		CHECK(smaps != NULL);
		while (fgets(line, sizeof line, smaps)) {
			if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
				within = start <= (unsigned long)area && (unsigned long)area < end;
			else if (within && sscanf(line, "Rss: %lu kB", &kib) == 1)
				found = kib >= size / 1024;
		}
		fclose(smaps);
		CHECK(found && mincore(area, size, present) == 0);
	}
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned char *theirs, *room;
	size = 8 * check_page();
	p = peer_start(locks);
	theirs = (unsigned char *)hear_word(p.channel);
	room = utek_room(size);
	CHECK_OK(utek_call(p.pid, theirs, room, size, RW_SELF, SHARED));
	tell_word(p.channel, 1);
	CHECK(peer_status(&p) == 0);
	return 0;
}
