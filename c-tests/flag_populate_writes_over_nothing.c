/*
 * The target looks at a place that it has agreed on with the caller, and writes there
 * as soon as there is memory, while MAP_POPULATE still brings pages in. What it has
 * written stays.
 */
#include "disturb.h"

#define SIZE ((size_t)64 << 20)

static unsigned char *place;

static int writes_at_once(int channel)
{
	unsigned char present;
	CHECK(munmap(place, SIZE) == 0);
	tell_word(channel, 1);
	while (mincore(place + SIZE - check_page(), check_page(), &present) != 0)
		;
	for (size_t i = SIZE; i > 0; i -= check_page())
		place[i - check_page()] = 0x55;
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	for (size_t i = 0; i < SIZE; i += check_page())
		CHECK(place[i] == 0x55);
	return 0;
}

int main(void)
{
	static const int flags[] = { MAP_FIXED_NOREPLACE, 0 };
	place = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
	CHECK(place != MAP_FAILED);
	for (int i = 0; i < 2; i++) {
		struct peer p = peer_start(writes_at_once);
		void *at;
		CHECK(hear_word(p.channel) == 1);
		CHECK_MAPS(at, mmap_peer(p.pid, place, SIZE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANON | MAP_POPULATE | flags[i], NOFD, 0));
		CHECK(at == place);
		CHECK(hear_word(p.channel) == 1);
		tell_word(p.channel, 1);
		CHECK(peer_status(&p) == 0);
		close(p.channel);
	}
	return 0;
}
