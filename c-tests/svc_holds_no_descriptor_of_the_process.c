/*
 * The service has a table of descriptors of its own: none shows among the
 * process's, a pipe's reader sees the end when the process closes its end, and
 * closing everything, as daemon programs do, leaves the service alone.
 */
#include "caller.h"
#include "service.h"

static int body(int channel)
{
	static char before[8192], after[8192];
	struct peer me = { .pid = getpid() };
	int ends[2];
	char c;
	mman_peer_serve_stop();
	CHECK(pipe(ends) == 0);
	fd_list(me.pid, before, sizeof before);
	CHECK_OK(mman_peer_serve());
	check_same_text("descriptors", before, fd_list(me.pid, after, sizeof after));
	CHECK(close(ends[1]) == 0);
	CHECK(read(ends[0], &c, 1) == 0);
	for (int fd = 0; fd < 1024; fd++)
		if (fd != channel)
			close(fd);
	CHECK(open("/dev/null", O_RDWR) == 0);
	return obedient_body(channel);
}

int main(void)
{
	struct peer target = peer_start(body);
	for (int i = 0; i < check_rounds(100); i++)
		use_service(&target);
	peer_dismiss(&target);
	return 0;
}
