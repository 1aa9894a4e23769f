/*
 * One caller maps in three hundred targets, first in all, then unmaps in all:
 * nothing of a target is kept between calls, so nothing runs out.
 *
 * time-limit: 40
 */
#include "caller.h"

enum { TARGETS = 300 };

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static struct peer targets[TARGETS];
	static unsigned char *places[TARGETS];
	static char fds[65536], text[65536];
	int fd = marked_memfd('r');

	for (int i = 0; i < check_rounds(TARGETS); i++)
		targets[i] = peer_start(obedient_body);
	fd_list(getpid(), fds, sizeof fds);
	for (int i = 0; i < check_rounds(TARGETS); i++)
		if (i % 2)
			CHECK_MAPS(places[i], mmap_peer(targets[i].pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		else
			CHECK_MAPS(places[i], mmap_peer(targets[i].pid, NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0));
	for (int i = 0; i < check_rounds(TARGETS); i++)
		CHECK(peer_read(&targets[i], places[i]) == (i % 2 ? 0 : 'r'));
	for (int i = 0; i < check_rounds(TARGETS); i++)
		CHECK_OK(munmap_peer(targets[i].pid, places[i], check_page()));
	for (int i = 0; i < check_rounds(TARGETS); i++)
		CHECK(!peer_mapped(&targets[i], places[i]));
	check_same_text("the caller's descriptors", fds, fd_list(getpid(), text, sizeof text));
	for (int i = 0; i < check_rounds(TARGETS); i++)
		peer_dismiss(&targets[i]);
	return 0;
}
