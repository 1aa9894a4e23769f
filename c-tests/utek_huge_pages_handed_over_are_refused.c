/* runs-as: root
 * runs-alone
 * A process of another user hands huge pages over for an area of ordinary ones. It
 * is refused: a mapping of them would be larger than the area that was asked for,
 * and take the place of what the caller has behind it.
 */
#include "utek.h"
#include "hostile.h"
#include "huge.h"

static size_t page;
static int file;
static pid_t target;

static void answers(int to)
{
	hostile_hands_over(to, file, 0, page);
}

static int hostile(int channel)
{
	file = huge_memfd(1);
	become_user(61001);
	hostile_serve(channel, answers);
}

static int maps(int channel)
{
	static const struct { unsigned prot, share; } asked[] = {
		{ M_R_SELF, SHARED }, { RW_SELF, SHARED }, { RW_SELF, PRIVATE }
	};
	size_t huge = huge_size();
	unsigned char *room = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)channel;
	CHECK(room != MAP_FAILED);
	room += huge - (uintptr_t)room % huge;
	CHECK(munmap(room, page) == 0);
	memset(room + page, 0x5a, page);
	become_user(61005);
	for (int i = 0; i < 3; i++) {
		int answer = utek_call(target, (void *)(16 * page), room, page, asked[i].prot, asked[i].share), why = errno;
		for (size_t at = page; at < 2 * page; at++)
			CHECK(((volatile unsigned char *)room)[at] == 0x5a);
		CHECK(answer == -1 && why == EPERM && strstr(mman_peer_explain(), "no memory of that size"));
		CHECK(!utek_is_mapped(room));
	}
	return 0;
}

static void test(void)
{
	struct peer p = peer_start(hostile), caller;
	CHECK(hear_word(p.channel) == 1);
	target = p.pid;
	caller = peer_start(maps);
	CHECK(peer_status(&caller) == 0);
	peer_kill(&p);
}

int main(void)
{
	page = check_page();
	with_huge_pages(1, test);
	return 0;
}
