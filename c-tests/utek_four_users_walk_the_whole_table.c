/* runs-as: root
 * Processes of other users and groups map an area as its protection says: by
 * user, process group, group and world, read and write apart, all added up. What
 * may be read only cannot be made writable, nobody passes on more than it got,
 * and what is not for others stays the owner's.
 */
#include "utek.h"
#include "service.h"
#include <grp.h>

static const struct person {
	const char *name;
	uid_t uid;
	gid_t gid, also;
	int in_owners_process_group;
	unsigned classes;
} people[] = {
	{ "the same user", 61001, 62009, 0, 0, M_R_USER | M_W_USER },
	{ "the same process group", 61002, 62002, 0, 1, M_R_PGROUP | M_W_PGROUP },
	{ "the same group", 61003, 62001, 0, 0, M_R_GROUP | M_W_GROUP },
	{ "the same group, as another of its groups", 61004, 62004, 62001, 0, M_R_GROUP | M_W_GROUP },
	{ "a stranger", 61005, 62005, 0, 0, 0 },
	{ "the same user and group", 61001, 62001, 0, 0, M_R_USER | M_W_USER | M_R_GROUP | M_W_GROUP },
};
enum { PEOPLE = sizeof people / sizeof *people, STRANGER = 4, MEMBER = 2 };

#define READS (M_R_SELF | M_R_USER | M_R_PGROUP | M_R_GROUP | M_R_WORLD)
#define WRITES (M_W_SELF | M_W_USER | M_W_PGROUP | M_W_GROUP | M_W_WORLD)

static size_t page;
static pid_t owner;
static unsigned char *area, *ordinary;

static void become(uid_t uid, gid_t gid, gid_t also, pid_t process_group)
{
	CHECK(setpgid(0, process_group) == 0);
	CHECK(setgroups(also != 0, &also) == 0 && setgid(gid) == 0 && setuid(uid) == 0);
}

/* Makes the area anew with each protection that it is told. */
static int owns(int channel)
{
	become(61001, 62001, 0, 0);
	tell_word(channel, 1);
	for (;;) {
		uintptr_t prot = hear_word(channel);
		if (prot == UINTPTR_MAX)
			return 0;
		if (utek_is_mapped(area))
			CHECK(munmap(area, page) == 0);
		CHECK_OK(utek_call(M_ZFILL, NULL, area, page, (unsigned)prot | RW_SELF, SHARED));
		area[0] = 77;
		tell_word(channel, 1);
		CHECK(hear_word(channel) == 1);
		tell_word(channel, area[1]);
	}
}

static int asks(pid_t pid, const unsigned char *from, unsigned char *room, size_t len, unsigned prot, unsigned share)
{
	errno = 0;
	return utek_call(pid, from, room, len, prot, share) == 0 ? 0 : errno;
}

static void walks(const struct person *who, unsigned prot, unsigned char *room)
{
	unsigned granted = prot & (who->classes | M_R_WORLD | M_W_WORLD);
	int may_read = (granted & READS) != 0, may_write = (granted & WRITES) != 0;
	const struct { unsigned prot, share; int may; } asked[] = {
		{ M_R_SELF, SHARED, may_read }, { M_W_SELF, SHARED, may_write },
		{ RW_SELF, SHARED, may_read && may_write }, { M_R_SELF | M_W_WORLD, SHARED, may_read && may_write },
		{ RW_SELF, PRIVATE, may_read },
	};
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		int expected = asked[i].may ? 0 : EACCES;
		int error = asks(owner, area, room, page, asked[i].prot, asked[i].share);
		if (error != expected)
			fprintf(stderr, "%s, area %#x, asks for %#x, %s: %d, not %d: %s\n", who->name, prot, asked[i].prot,
				asked[i].share ? "shared" : "a copy", error, expected, mman_peer_explain());
		CHECK(error == expected);
		if (error != 0) {
			CHECK(!utek_is_mapped(room));
			continue;
		}
		if (asked[i].prot & M_R_SELF)
			CHECK(room[0] == 77);
		if (asked[i].share == PRIVATE)
			room[0] = 1;
		else if (asked[i].prot == RW_SELF)
			room[1]++;
		CHECK(munmap(room, page) == 0);
	}
}

/* What came for reading stays so. */
static void cannot_be_made_writable(unsigned char *room)
{
	int found = 0;
	CHECK(asks(owner, area, room, page, M_R_SELF | M_R_WORLD, SHARED) == 0);
	CHECK(mprotect(room, page, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	for (int fd = 3; fd < 256; fd++) {
		char path[64], name[128] = "";
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, name, sizeof name - 1) == -1 || strncmp(name, "/memfd:mman_peer-utek:", 22) != 0)
			continue;
		found++;
		CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
		CHECK(open(path, O_RDWR) == -1 && errno == EACCES);
		CHECK(fchmod(fd, 0666) == -1 && errno == EPERM);
	}
	CHECK(found == 1);
}

static void takes_no_orders(pid_t pid)
{
	struct order map = order_of(ORDER_MAP);
	struct answer answer;
	int to = service_connect(pid);
	CHECK(to != -1);
	map.len = page, map.prot = PROT_READ, map.flags = MAP_PRIVATE | MAP_ANONYMOUS;
	CHECK(send(to, &map, sizeof map, 0) == sizeof map);
	CHECK(recv(to, &answer, sizeof answer, 0) == sizeof answer && answer.kind == 5);
	close(to);
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, NOFD, 0), EPERM);
}

enum { WALK = 1, READ_ONLY, ONWARD, EDGES, LEAVE };
static int person;

static int client(int channel)
{
	const struct person *who = &people[person];
	unsigned char *room = utek_room(2 * page);
	become(who->uid, who->gid, who->also, who->in_owners_process_group ? owner : 0);
	for (;;) {
		uintptr_t word = hear_word(channel), prot = word >> 8;
		switch (word & 0xff) {
		case WALK:
			walks(who, (unsigned)prot, room);
			break;
		case READ_ONLY:
			cannot_be_made_writable(room);
			tell_word(channel, (uintptr_t)room);
			continue;
		case ONWARD: {	/* from who was given it for reading */
			pid_t from = (pid_t)prot;
			const unsigned char *there = (const unsigned char *)hear_word(channel);
			CHECK(asks(from, there, room, page, M_R_SELF, SHARED) == 0 && room[0] == 77);
			CHECK(mprotect(room, page, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
			CHECK(munmap(room, page) == 0);
			CHECK(asks(from, there, room, page, M_W_SELF, SHARED) == EACCES);
			break;
		}
		case EDGES:
			CHECK(asks(owner, area, room, 2 * page, M_R_SELF, SHARED) == EMRANGE);
			CHECK(asks(owner, ordinary, room, page, M_R_SELF, SHARED) == EPERM);
			/* He learns of a hole only behind an area that he may have. */
			CHECK(asks(owner, area, room, 2 * page, M_W_SELF, SHARED) == EPERM);
			CHECK(asks(owner, ordinary, room, 2 * page, M_R_SELF, SHARED) == EPERM);
			CHECK(asks(owner, ordinary + page, room, page, M_R_SELF, SHARED) == EPERM);
			CHECK(asks(owner, ordinary + page, room, 2 * page, RW_SELF, PRIVATE) == EPERM);
			CHECK(asks(owner, area - page, room, 2 * page, M_R_SELF, SHARED) == EPERM);
			CHECK(asks(1, area, room, page, M_R_SELF, SHARED) == EPERM);
			CHECK(!utek_is_mapped(room));
			takes_no_orders(owner);
			break;
		default:
			return 0;
		}
		tell_word(channel, 1);
	}
}

static void makes(struct peer *p, unsigned prot)
{
	tell_word(p->channel, prot);
	CHECK(hear_word(p->channel) == 1);
}

static unsigned changed(struct peer *p)
{
	tell_word(p->channel, 1);
	return (unsigned)hear_word(p->channel);
}

static void says(struct peer *p, uintptr_t word)
{
	tell_word(p->channel, word);
	CHECK(hear_word(p->channel) == 1);
}

int main(void)
{
	struct peer p, clients[PEOPLE];
	uintptr_t there;
	page = check_page();
	/* Far from where the kernel puts what has no place of its own: behind it is nothing. */
	area = (unsigned char *)0x20000000;
	ordinary = area + 16 * page;
	for (int i = -1; i < 19; i++)
		CHECK(!utek_is_mapped(area + i * (ptrdiff_t)page));
	CHECK(mmap(ordinary, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == ordinary);
	p = peer_start(owns);
	CHECK(hear_word(p.channel) == 1);
	owner = p.pid;
	for (person = 0; person < PEOPLE; person++)
		clients[person] = peer_start(client);
	for (unsigned prot = 0x3fc; prot != 0; prot -= check_slowness() > 1 && prot > 76 ? 76 : 4) {
		unsigned writers = 0;
		makes(&p, prot);
		for (person = 0; person < PEOPLE; person++) {
			unsigned granted = prot & (people[person].classes | M_R_WORLD | M_W_WORLD);
			says(&clients[person], WALK | (uintptr_t)prot << 8);
			writers += (granted & READS) && (granted & WRITES);
		}
		CHECK(changed(&p) == writers);	/* it was the owner's own memory */
	}
	makes(&p, M_R_WORLD);
	says(&clients[STRANGER], EDGES);
	tell_word(clients[STRANGER].channel, READ_ONLY);
	there = hear_word(clients[STRANGER].channel);
	tell_word(clients[MEMBER].channel, ONWARD | (uintptr_t)clients[STRANGER].pid << 8);
	says(&clients[MEMBER], there);
	CHECK(changed(&p) == 0);
	for (person = 0; person < PEOPLE; person++) {
		tell_word(clients[person].channel, LEAVE);
		CHECK(peer_status(&clients[person]) == 0);
	}
	tell_word(p.channel, UINTPTR_MAX);
	CHECK(peer_status(&p) == 0);
	return 0;
}
