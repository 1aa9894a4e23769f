/*
 * Kinship does not matter: a process maps into its child, its parent, its
 * sibling, a grandchild, and into a program that knows nothing of the library
 * and goes on with its work.
 */
#include "target.h"

static int fd;

static void map_into(pid_t pid)
{
	struct target t = { .pid = pid };
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	CHECK_RANGE(&t, a, 2 * PAGE, "r--s");
	CHECK_OK(munmap_peer(pid, a, 2 * PAGE));
	CHECK_RANGE_FREE(&t, a, 2 * PAGE);
	CHECK_MAPS(a, mmap_peer(pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, NOFD, 0));
	CHECK_OK(munmap_peer(pid, a, 2 * PAGE));
}

/* A caller in another process: hears whom, tells when it is done. */
static int caller(int channel)
{
	pid_t pid;
	fd = memfd_of(2);
	while ((pid = (pid_t)hear_word(channel)) != 0) {
		map_into(pid);
		tell_word(channel, 1);
	}
	return 0;
}

static void let_it_map_into(struct peer *p, pid_t pid)
{
	tell_word(p->channel, (uintptr_t)pid);
	CHECK(hear_word(p->channel) == 1);
}

static int admits_siblings(int channel)
{
	mman_peer_allow(-1);	/* for Yama, which elsewhere is not there */
	tell_word(channel, 1);
	return obedient_body(channel);
}

static int has_a_child(int channel)
{
	struct peer child = peer_start(obedient_body);
	tell_word(channel, (uintptr_t)child.pid);
	hear_word(channel);
	peer_dismiss(&child);
	return 0;
}

/* cat(1) between two ends of a socket: it copies what it hears. */
static int be_cat(int channel)
{
	CHECK(dup2(channel, 0) == 0 && dup2(channel, 1) == 1);
	execlp("cat", "cat", (char *)NULL);
	return 1;
}

static void echo(struct peer *cat, uintptr_t word)
{
	tell_word(cat->channel, word);
	CHECK(hear_word(cat->channel) == word);
}

int main(void)
{
	struct peer sibling = peer_start(admits_siblings), other = peer_start(caller);
	struct peer grand = peer_start(has_a_child), cat = peer_start(be_cat);
	const int cat_is_wider = sizeof(void *) == 4;   /* a 64-bit program, most likely */
	pid_t grandchild = (pid_t)hear_word(grand.channel);
	uintptr_t i;

	fd = memfd_of(2);
	CHECK(hear_word(sibling.channel) == 1);
	echo(&cat, 1);		/* it has begun */

	map_into(sibling.pid);
	map_into(grandchild);
	let_it_map_into(&other, getpid());
	let_it_map_into(&other, sibling.pid);
	for (i = 0; i < 20 && !cat_is_wider; i++) {
		map_into(cat.pid);
		echo(&cat, i);
	}
	tell_word(other.channel, 0);
	CHECK(peer_status(&other) == 0);

	tell_word(grand.channel, 0);
	CHECK(peer_status(&grand) == 0);
	peer_kill(&cat);
	peer_dismiss(&sibling);
	return 0;
}
