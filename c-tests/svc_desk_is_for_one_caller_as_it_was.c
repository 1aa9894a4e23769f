/* runs-as: root
 * The page by which a frequent caller gives its orders is for that process, and
 * for as long as it has the users that it had. A child of fork() has no part in
 * it, on either side; a caller that has given up its rights is not heard there any
 * more, and whoever takes the page's place in a child keeps what is his.
 */
#include "caller.h"
#include "service.h"
#include <grp.h>

enum { FREE, ORDERED, TAKEN, ANSWERED, CLOSED };

enum { OFTEN = 66 };	/* the 64th call asks for a desk */

static struct peer target;

/* Where a process has such a page; NULL if it has none. */
static void *desk_of(pid_t pid)
{
	char path[64], line[512];
	unsigned long from = 0;
	FILE *maps;
	int found = 0;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	CHECK(maps != NULL);
	while (!found && fgets(line, sizeof line, maps))
		found = strstr(line, "/memfd:mman_peer (deleted)") != NULL && sscanf(line, "%lx", &from) == 1;
	fclose(maps);
	return found ? (void *)from : NULL;
}

static void calls_often(struct peer *p)
{
	for (int i = 0; i < OFTEN; i++)
		use_service(p);
}

/* ---- Rights given up ----------------------------------------------------- */

/* A desk of the test's own; NULL where the kernel has none to give. */
static volatile struct desk *sits_down(void)
{
	int file = memfd_create("desk", MFD_CLOEXEC | MFD_ALLOW_SEALING), to = service_connect(target.pid);
	volatile struct desk *d;
	CHECK(to != -1 && ftruncate(file, (off_t)check_page()) == 0);
	CHECK(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
	if (desk_offer(to, file).kind != 1)
		return NULL;
	d = mmap(NULL, check_page(), READ_WRITE, MAP_SHARED, file, 0);
	CHECK(d != MAP_FAILED);
	/* The connection stays open: a message on it wakes a service that sleeps there. */
	close(file);
	return d;
}

static void lays_order(volatile struct desk *d)
{
	int knock = service_connect(target.pid);
	*(struct order *)&d->order = order_to_map(check_page());
	d->object = -1;
	__atomic_store_n(&d->turn, ORDERED, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &d->turn, 1, 1, NULL, NULL, 0);
	AWAIT(__atomic_load_n(&d->turn, __ATOMIC_SEQ_CST) > TAKEN);
	close(knock);
}

static int gives_up_its_rights(int channel)
{
	volatile struct desk *d = sits_down();
	double moment;
	if (d == NULL)
		return 77;
	lays_order(d);
	CHECK(d->turn == ANSWERED && d->answer.kind == 1);
	d->turn = FREE;
	calls_often(&target);
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	CHECK(setgroups(0, NULL) == 0 && setgid(61005) == 0 && setuid(61005) == 0);
	moment = check_now();
	AWAIT(check_now() > moment + 0.005);	/* the kernel is asked each millisecond */
	lays_order(d);
	CHECK(d->turn == CLOSED);
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EPERM);
	return 0;
}

static int rights_are_asked_for_anew(void)
{
	long long before;
	struct peer caller = peer_start(gives_up_its_rights);
	uintptr_t word;
	if (recv(caller.channel, &word, sizeof word, 0) != sizeof word)
		return peer_status(&caller);
	before = proc_status(target.pid, "VmSize");	/* where a desk was there are pages of the library's own */
	tell_word(caller.channel, 1);
	CHECK(peer_status(&caller) == 0);
	CHECK(proc_status(target.pid, "VmSize") == before);
	return 0;
}

/* ---- Children -------------------------------------------------------------- */

static int child_body(int channel)
{
	(void)channel;
	CHECK(desk_of(getpid()) == NULL);
	/* It has what it takes for desks of its own. */
	calls_often(&target);
	CHECK(desk_of(getpid()) != NULL);
	return 0;
}

/* What lies in the hole's place is somebody else's. */
static int serves_beside(int channel)
{
	void *hole = (void *)hear_word(channel);
	unsigned char *own;
	CHECK(desk_of(getpid()) == NULL);
	own = mmap(hole, check_page(), READ_WRITE, PRIVATE_ANON | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(own == hole);
	memset(own, 0x77, check_page());
	CHECK_OK(mman_peer_serve());
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	CHECK(desk_of(getpid()) != NULL && desk_of(getpid()) != hole);
	for (size_t i = 0; i < check_page(); i++)
		CHECK(own[i] == 0x77);
	return 0;
}

static int serves_in_a_hole(int channel)
{
	CHECK(desk_of(getpid()) == NULL);
	CHECK_OK(mman_peer_serve());
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	CHECK(desk_of(getpid()) != NULL);
	return 0;
}

/* A target that has a desk of ours forks: we call the child often, too. */
static int forks_servers(int channel)
{
	CHECK_OK(mman_peer_serve());
	tell_word(channel, 1);
	for (int beside = 0; beside < 2; beside++) {
		struct peer p;
		CHECK(hear_word(channel) == 1);
		CHECK(desk_of(getpid()) != NULL);
		p = peer_start(beside ? serves_beside : serves_in_a_hole);
		if (beside)
			tell_word(p.channel, (uintptr_t)desk_of(getpid()));
		CHECK(hear_word(p.channel) == 1);
		tell_word(channel, (uintptr_t)p.pid);
		CHECK(hear_word(channel) == 1);
		tell_word(p.channel, 1);
		CHECK(peer_status(&p) == 0);
		tell_word(channel, 1);
	}
	return 0;
}

static void pairs(pid_t pid)
{
	void *at;
	for (int i = 0; i < OFTEN; i++) {
		CHECK_MAPS(at, mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(pid, at, check_page()));
	}
}

static void children_have_no_part_in_it(void)
{
	struct peer child, parent;
	calls_often(&target);
	CHECK(desk_of(getpid()) != NULL && desk_of(target.pid) != NULL);
	child = peer_start(child_body);
	CHECK(peer_status(&child) == 0);

	parent = peer_start(forks_servers);
	CHECK(hear_word(parent.channel) == 1);
	pairs(parent.pid);
	for (int beside = 0; beside < 2; beside++) {
		tell_word(parent.channel, 1);
		pairs((pid_t)hear_word(parent.channel));
		tell_word(parent.channel, 1);
		CHECK(hear_word(parent.channel) == 1);
	}
	CHECK(peer_status(&parent) == 0);
}

int main(void)
{
	forbid_tracing();
	target = serving_peer();
	if (rights_are_asked_for_anew() == 77) {
		peer_dismiss(&target);
		check_skip("this kernel does not name the process at the other end for good (SO_PEERPIDFD, Linux 6.5)");
	}
	children_have_no_part_in_it();
	peer_dismiss(&target);
	return 0;
}
