/* runs-as: root
 * A process of another user that listens under the name of its own service hands
 * over what is no memory of the area's: too short, no regular file, open for less,
 * at a wrong place, or nothing. It is refused, and nobody dies of touching it. What
 * holds the area is mapped.
 */
#include "utek.h"
#include "hostile.h"
#include <grp.h>

static size_t page;

static int memory(size_t size)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC);
	CHECK(fd != -1 && ftruncate(fd, (off_t)size) == 0);
	return fd;
}

static int empty(void) { return memory(0); }
static int short_by_a_page(void) { return memory(page); }
static int long_enough(void) { return memory(2 * page - 1); }
static int nothing(void) { return -1; }
static int device(void) { return open("/dev/zero", O_RDWR | O_CLOEXEC); }
static int directory(void) { return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
static int path_only(void) { return open("/proc/self/exe", O_PATH | O_CLOEXEC); }

static int pipe_end(void)
{
	int ends[2];
	CHECK(pipe(ends) == 0);
	return ends[0];
}

static int opened_anew(int mode)
{
	char path[64];
	int fd = memory(2 * page), other;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	other = open(path, mode | O_CLOEXEC);
	CHECK(other != -1);
	close(fd);
	return other;
}
static int only_to_be_read(void) { return opened_anew(O_RDONLY); }
static int only_to_be_written(void) { return opened_anew(O_WRONLY); }

static const struct offer {
	const char *what;
	int (*make)(void);
	uint64_t offset, len;	/* in pages, and bytes beside */
	unsigned refused;	/* 1: what is to be read, 2: what is to be written, 4: a copy */
} offers[] = {
	{ "memory", long_enough, 0, 2, 0 },
	{ "memory piece by piece", long_enough, 0, 1, 0 },
	{ "an empty object", empty, 0, 2, 7 },
	{ "one short by a page", short_by_a_page, 0, 2, 7 },
	{ "one from where it ends", short_by_a_page, 1, 1, 7 },
	{ "an offset near 2^64", long_enough, UINT64_MAX, 2, 7 },
	{ "more than was asked for", long_enough, 0, 3, 7 },
	{ "nothing of it", long_enough, 0, 0, 7 },
	{ "no descriptor", nothing, 0, 2, 7 },
	{ "a device", device, 0, 2, 7 },
	{ "a directory", directory, 0, 2, 7 },
	{ "a pipe", pipe_end, 0, 2, 7 },
	{ "a file that is open for nothing", path_only, 0, 1, 7 },
	{ "an object to be read", only_to_be_read, 0, 2, 2 },
	{ "an object to be written", only_to_be_written, 0, 2, 7 },
};
enum { OFFERS = sizeof offers / sizeof *offers };
static const struct offer *offer;
static int inside_a_page;

static void become(uid_t user)
{
	CHECK(setgroups(0, NULL) == 0 && setgid(user) == 0 && setuid(user) == 0);
}

static void answers(int to)
{
	uint64_t offset = offer->offset == UINT64_MAX ? 0 - (uint64_t)page : offer->offset * page + (inside_a_page ? 512 : 0);
	int fd = offer->make();
	hostile_hands_over(to, fd, offset, offer->len * page);
	if (fd != -1)
		close(fd);
}

static int hostile(int channel)
{
	become(61001);
	hostile_serve(channel, answers);
}

static pid_t target;

static int maps(int channel)
{
	static const struct { unsigned prot, share; } asked[] = {
		{ M_R_SELF, SHARED }, { RW_SELF, SHARED }, { RW_SELF, PRIVATE }
	};
	unsigned char *room = utek_room(2 * page);
	(void)channel;
	become(61005);
	for (int i = 0; i < 3; i++) {
		int refused = inside_a_page || (offer->refused >> i & 1), open_before = utek_open_descriptors(getpid());
		int answer = utek_call(target, (void *)(16 * page), room, 2 * page, asked[i].prot, asked[i].share);
		if ((answer == 0) == refused || (refused && strstr(mman_peer_explain(), "no memory of that size") == NULL))
			fprintf(stderr, "%s, asked for in way %d: %d, %s\n", offer->what, i, answer, mman_peer_explain());
		CHECK((answer != 0) == refused);
		if (refused) {
			CHECK(errno == EPERM && strstr(mman_peer_explain(), "no memory of that size"));
			CHECK(!utek_is_mapped(room) && !utek_is_mapped(room + page));
			/* A call closes what kept areas that are unmapped by now. */
			CHECK(utek_open_descriptors(getpid()) <= open_before);
			continue;
		}
		for (size_t at = 0; at < 2 * page; at += page)
			CHECK(((volatile unsigned char *)room)[at] == 0);
		CHECK(munmap(room, 2 * page) == 0);
	}
	return 0;
}

static void is_met(const struct offer *with, int inside)
{
	struct peer p, caller;
	offer = with;
	inside_a_page = inside;
	p = peer_start(hostile);
	CHECK(hear_word(p.channel) == 1);
	target = p.pid;
	caller = peer_start(maps);
	CHECK(peer_status(&caller) == 0);
	peer_kill(&p);
}

int main(void)
{
	page = check_page();
	for (int i = 0; i < OFFERS; i++)
		is_met(&offers[i], 0);
	is_met(&offers[0], 1);
	return 0;
}
