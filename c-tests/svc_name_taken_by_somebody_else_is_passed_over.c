/*
 * An abstract name is anybody's who binds it first. Somebody else under a
 * process's name gets no order and no descriptor, calls go another way, and the
 * process learns that its name is taken.
 */
#include "caller.h"
#include "service.h"

static int body(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	CHECK(hear_word(channel) == 1);
	mman_peer_serve_stop();			/* if it is one by its environment */
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	errno = 0;
	CHECK(mman_peer_serve() == -1 && errno == EADDRINUSE && mman_peer_explain()[0] != '\0');
	tell_word(channel, 1);
	return obedient_body(channel);
}

int main(void)
{
	struct peer target = peer_start(body);
	struct sockaddr_un name;
	socklen_t size = service_name(&name, target.pid);
	int squatter = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0), one, fd = marked_memfd('x');
	char bytes[256];
	void *a;

	tell_word(target.channel, 1);
	CHECK(hear_word(target.channel) == 1);
	CHECK(bind(squatter, (struct sockaddr *)&name, size) == 0 && listen(squatter, 100) == 0);
	tell_word(target.channel, 1);
	CHECK(hear_word(target.channel) == 1);

	for (int i = 0; i < 10; i++) {
		a = mmap_peer(target.pid, NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0);
		if (a != MAP_FAILED) {
			CHECK(peer_read(&target, a) == 'x');
			CHECK_OK(munmap_peer(target.pid, a, check_page()));
		} else {
			CHECK(errno == EPERM);	/* by the service only */
		}
	}
	while ((one = accept(squatter, NULL, NULL)) != -1) {
		ssize_t n = recv(one, bytes, sizeof bytes, MSG_DONTWAIT);
		CHECK(n == 0 || (n == -1 && errno == ECONNRESET));
		close(one);
	}
	CHECK(errno == EAGAIN);
	peer_dismiss(&target);
	return 0;
}
