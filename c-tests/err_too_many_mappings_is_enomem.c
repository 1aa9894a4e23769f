/*
 * A target that has as many mappings as vm.max_map_count allows gives ENOMEM:
 * for a new one, for one of an object, and for a munmap_peer() that would split
 * one; a munmap_peer() of whole ones still works. With room for one mapping, but
 * not for the split that a stack's guard makes, nothing of the stack remains.
 *
 * time-limit: 60
 */
#include "target.h"

enum { AT_MOST = 1100000 };	/* some distributions allow 1048576 */

static unsigned char *wide, *alternating, *last;

/* Neighbours with different protection do not merge. */
static void have_all_mappings(void)
{
	size_t i;
	wide = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	alternating = mmap(NULL, (size_t)(AT_MOST + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
	CHECK(wide != MAP_FAILED && alternating != MAP_FAILED);
	for (i = 1; i < AT_MOST; i += 2)
		if (mprotect(alternating + i * PAGE, PAGE, PROT_READ) == -1)
			break;
	CHECK(errno == ENOMEM);
	/* A split that fails for two may still have room for one: use that up, too. */
	for (;;) {
		unsigned char *one = mmap(NULL, PAGE, PROT_NONE, MAP_SHARED | MAP_ANON, -1, 0);
		if (one == MAP_FAILED)
			break;
		last = one;
	}
	CHECK(errno == ENOMEM);
}

static int body(int channel)
{
	have_all_mappings();
	tell_word(channel, (uintptr_t)wide);
	tell_word(channel, (uintptr_t)last);
	return obedient_body(channel);
}

int main(void)
{
	struct target t = { 0 };
	unsigned char *w, *one;
	char text[32] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	if (atol(text) > AT_MOST - 1000)
		check_skip("vm.max_map_count is %ld, too many to use up", atol(text));

	t.peer = peer_start(body);
	t.pid = t.peer.pid;
	w = (unsigned char *)hear_word(t.peer.channel);
	one = (unsigned char *)hear_word(t.peer.channel);
	fd = memfd_of(1);
	MAP_FAILS_CLEANLY(&t, mmap_peer(t.pid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), ENOMEM);
	MAP_FAILS_CLEANLY(&t, mmap_peer(t.pid, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), ENOMEM);
	MAP_FAILS_CLEANLY(&t, mmap_peer(t.pid, w, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), ENOMEM);
	UNMAP_FAILS_CLEANLY(&t, munmap_peer(t.pid, w + 4 * PAGE, PAGE), ENOMEM);
	CHECK(target_mapped(&t, w + 4 * PAGE));
	CHECK_OK(munmap_peer(t.pid, one, PAGE));
	MAP_FAILS_CLEANLY(&t, mmap_peer(t.pid, NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, PAGE), ENOMEM);
	MAP_FAILS_CLEANLY(&t, mmap_peer(t.pid, NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, PAGE), ENOMEM);
	CHECK_OK(munmap_peer(t.pid, w, 16 * PAGE));
	CHECK(!target_mapped(&t, w));
	peer_dismiss(&t.peer);
	return 0;
}
