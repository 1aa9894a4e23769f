/* runs-as: root
 * A process of another user hands a file over whose file system is a program that
 * answers when it likes. It is refused, and nobody waits for its pages or for what
 * the file system says of it.
 */
#include "utek.h"
#include "hostile.h"
#include "fuse.h"
#include "target.h"

static size_t page;
static int file;
static pid_t target;

static void answers(int to)
{
	hostile_hands_over(to, file, 0, page);
}

static int hostile(int channel)
{
	become_user(61001);
	hostile_serve(channel, answers);
}

static int maps(int channel)
{
	unsigned char *room = utek_room(page);
	(void)channel;
	become_user(61005);
	for (unsigned share = 0; share < 2; share++) {
		CHECK_FAILS(utek_call(target, (void *)(16 * page), room, page, M_R_SELF, share ? PRIVATE : SHARED), -1, EPERM);
		CHECK(strstr(mman_peer_explain(), "no memory of that size"));
		CHECK(!utek_is_mapped(room));
	}
	return 0;
}

static void is_refused(void)
{
	struct peer caller = peer_start(maps);
	AWAIT(task_state(caller.pid) == 'Z');
	CHECK(peer_status(&caller) == 0);
}

int main(void)
{
	struct peer server, p;
	page = check_page();
	file = slow_file_open(&server);
	p = peer_start(hostile);
	CHECK(hear_word(p.channel) == 1);
	target = p.pid;
	is_refused();
	CHECK(slow->asked == 0);
	slow->silent = 1;
	is_refused();
	peer_kill(&p);
	slow_file_end(&server, file);
	return 0;
}
