/*
 * An area of several mappings is to be shared, and its last one cannot be moved,
 * since the process has as many mappings as it may: ENOMEM. All of it is the
 * process's own still, with all that it held, also for its children, and the
 * caller has nothing. With room for the mappings the call works.
 *
 * time-limit: 60
 */
#include "utek.h"

enum { AT_MOST = 1100000 };	/* some distributions allow 1048576 */

static size_t page;
static unsigned char *area, *alternating, *last;

/* Two mappings that go on before the area and behind it: both have to be split. */
static void have_all_mappings(void)
{
	area = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	memset(area, 5, 4 * page);
	CHECK(mprotect(area + 2 * page, 2 * page, PROT_READ) == 0);
	area += page;
	alternating = mmap(NULL, (size_t)(AT_MOST + 1) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(alternating != MAP_FAILED);
	for (size_t i = 1; i < AT_MOST; i += 2)
		if (mprotect(alternating + i * page, page, PROT_READ) == -1)
			break;
	CHECK(errno == ENOMEM);
	for (;;) {
		unsigned char *one = mmap(NULL, page, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (one == MAP_FAILED)
			break;
		last = one;
	}
	CHECK(errno == ENOMEM && last != NULL);
}

/* Whether a child's write stays the child's, and what is there is what was put there. */
static int is_private(unsigned char *p)
{
	int status;
	pid_t child;
	unsigned char before = *p;
	child = fork();
	CHECK(child != -1);
	if (child == 0) {
		*p = (unsigned char)(before + 1);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	return *p == before;
}

static int body(int channel)
{
	have_all_mappings();
	/* Room for one, which the call needs itself, and the first of the two splits. */
	CHECK(munmap(last, page) == 0);
	tell_word(channel, (uintptr_t)area);
	CHECK(hear_word(channel) == 1);
	for (size_t i = 0; i < 2 * page; i++)
		CHECK(area[i] == 5);
	CHECK(is_private(area));
	area[0] = 6;
	CHECK(munmap(alternating, 64 * page) == 0);
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	area[0] = 7;
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned char *theirs, *room;
	char text[32] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	if (atol(text) > AT_MOST - 1000)
		check_skip("vm.max_map_count is %ld, too many to use up", atol(text));
	page = check_page();
	room = utek_room(2 * page);
	p = peer_start(body);
	theirs = (unsigned char *)hear_word(p.channel);
	CHECK_FAILS(utek_call(p.pid, theirs, room, 2 * page, M_R_SELF, SHARED), -1, ENOMEM);
	CHECK(!utek_is_mapped(room));
	tell_word(p.channel, 1);
	CHECK(hear_word(p.channel) == 1);
	CHECK_OK(utek_call(p.pid, theirs, room, 2 * page, M_R_SELF, SHARED));
	CHECK(room[0] == 6 && room[page] == 5);
	tell_word(p.channel, 1);
	CHECK(hear_word(p.channel) == 1 && room[0] == 7);
	tell_word(p.channel, 1);
	CHECK(peer_status(&p) == 0);
	return 0;
}
