/*
 * Without pidfd_open (before Linux 5.3), without pidfd_getfd (before 5.6), and
 * without process_vm_readv and process_vm_writev (kernels built so), each
 * alone and all together, every call works: by other means.
 */
#include "deny.h"
#include "limits.h"

static const struct lack {
	const char *name;
	int calls[6];
} lacks[] = {
	{ "pidfd_open", { SYS_pidfd_open } },
	{ "pidfd_getfd", { SYS_pidfd_getfd } },
	{ "process_vm_readv and process_vm_writev", { SYS_process_vm_readv, SYS_process_vm_writev } },
	{ "all of them", { SYS_pidfd_open, SYS_pidfd_getfd, SYS_process_vm_readv, SYS_process_vm_writev,
		SYS_pidfd_send_signal, SYS_close_range } },
};

static struct peer target;
static const struct lack *the_lack;

static int caller_body(int channel)
{
	int fd = marked_memfd('k');
	size_t n = 0;
	void *at;
	while (n < LENGTH_OF(the_lack->calls) && the_lack->calls[n] != 0)
		n++;
	deny(the_lack->calls, n, ENOSYS);
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(target.pid, at, check_page()));
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0));
	tell_word(channel, (uintptr_t)at);
	CHECK(hear_word(channel) == 1);
	CHECK_OK(munmap_peer(target.pid, at, check_page()));
	CHECK_MAP_FAILS(mmap_peer(0x3fffffff, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	return 0;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static struct residue before, after;
	target = consenting_peer();
	residue_look(&before, target.pid);
	for (the_lack = lacks; the_lack < lacks + LENGTH_OF(lacks); the_lack++) {
		struct peer caller = peer_start(caller_body);
		uintptr_t at = 0;
		if (recv(caller.channel, &at, sizeof at, 0) != sizeof at)
			fprintf(stderr, "without %s\n", the_lack->name);
		CHECK(at != 0);
		CHECK(peer_read(&target, (void *)at) == 'k');
		tell_word(caller.channel, 1);
		CHECK(peer_status(&caller) == 0);
		close(caller.channel);
		residue_look(&after, target.pid);
		check_same_text("the target's mappings", before.maps, after.maps);
		check_same_text("the target's descriptors", before.fds, after.fds);
	}
	peer_dismiss(&target);
	return 0;
}
