/* runs-as: root
 * Whom a service does not admit may send what he likes with a descriptor: it is not
 * taken. Closing it could last for ever, with a file system behind it that does not
 * answer, and others would no more be served, nor the process ever end. So it is
 * with a service of which others only get areas.
 */
#include "utek.h"
#include "fuse.h"
#include "service.h"
#include "target.h"

enum { ALICE = 65430, BOB = 65431, CAROL = 65432 };

static struct peer target;
static int file;
static unsigned char *area;

static int stops(int channel)
{
	tell_word(channel, 1);
	(void)hear_word(channel);
	CHECK_OK(mman_peer_serve_stop());
	tell_word(channel, 1);
	return 0;
}

static int serves(int channel)
{
	become_user(ALICE);
	CHECK_OK(mman_peer_serve());
	return stops(channel);
}

static int has_an_area(int channel)
{
	become_user(ALICE);
	CHECK_OK(utek_call(M_ZFILL, NULL, area, check_page(), RW_SELF | M_R_WORLD, SHARED));
	area[0] = 5;
	return stops(channel);
}

static void sends_with_file(int to, const struct order *what)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof file)]; } control = { 0 };
	struct iovec part = { (void *)(uintptr_t)what, sizeof *what };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct cmsghdr *first = CMSG_FIRSTHDR(&message);
	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(sizeof file);
	memcpy(CMSG_DATA(first), &file, sizeof file);
	CHECK(sendmsg(to, &message, MSG_NOSIGNAL) == sizeof *what);
}

/* Sends each and waits till it is answered, or the connection closed: then the service has it. */
static int stranger(int channel)
{
	struct order sent[5] = { order_of(ORDER_NOTHING), order_to_map(check_page()), order_of(5), order_of(ORDER_REGION) };
	become_user(BOB);
	sent[1].bits = 1;	/* of an object, which comes along */
	sent[1].flags = MAP_PRIVATE;
	sent[3].addr = (uintptr_t)area, sent[3].len = check_page(), sent[3].prot = 1;
	memset(&sent[4], 0x5a, sizeof sent[4]);
	tell_word(channel, 1);
	(void)hear_word(channel);
	for (int i = 0; i < 5; i++) {
		struct answer answer;
		int to = service_connect(target.pid);
		CHECK(to != -1);
		sends_with_file(to, &sent[i]);
		(void)!recv(to, &answer, sizeof answer, 0);
		close(to);
	}
	tell_word(channel, 1);
	return sleep_for_ever();	/* at its end it closes the file */
}

static int maps_area(int channel)
{
	unsigned char *room = utek_room(check_page());
	become_user(CAROL);
	CHECK_OK(utek_call(target.pid, area, room, check_page(), M_R_SELF, SHARED));
	CHECK(room[0] == 5);
	tell_word(channel, 1);
	return 0;
}

static int maps(int channel)
{
	void *a;
	forbid_tracing();	/* by the service, then */
	CHECK_MAPS(a, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(target.pid, a, check_page()));
	tell_word(channel, 1);
	return 0;
}

/* Nobody else has the file open: what waits ends with its file system, which ends with this process. */
static void is_unharmed(int (*body)(int channel), int (*other_caller)(int channel))
{
	struct peer server, sender, other;
	target = peer_start(body);
	CHECK(hear_word(target.channel) == 1);
	file = slow_file_open(&server);
	sender = peer_start(stranger);
	CHECK(hear_word(sender.channel) == 1);
	close(file);
	slow->unclosed = 1;
	tell_word(sender.channel, 1);
	hears_soon(&sender);
	other = peer_start(other_caller);
	hears_soon(&other);
	CHECK(peer_status(&other) == 0);
	tell_word(target.channel, 1);
	hears_soon(&target);
	CHECK(peer_status(&target) == 0);
	slow->unclosed = 0;
	peer_kill(&sender);
	slow_file_end(&server, -1);
}

int main(void)
{
	if (access("/dev/fuse", R_OK | W_OK) == -1)
		check_skip("there is no /dev/fuse: %s", strerror(errno));
	/* Where the kernel puts nothing by itself. */
	area = (unsigned char *)0x20000000;
	CHECK(!utek_is_mapped(area));
	is_unharmed(serves, maps);
	is_unharmed(has_an_area, maps_area);
	return 0;
}
