/* runs-as: root
 * An object that was shared before its owner made it an area for others may be one
 * that they may open for writing, by its mode. Then nobody gets it to be read only:
 * with the description for reading he could open another. Root may write it anyway,
 * and who is admitted for writing gets what is asked for.
 */
#include "utek.h"
#include "service.h"
#include "target.h"

enum { ALICE = 65430, BOB = 65431, AS_MADE = 01000 };

static const struct { int mode, may_be_written_by_others; } objects[] = {
	{ AS_MADE, 1 }, { 0777, 1 }, { 0620, 1 }, { 0602, 1 }, { 0600, 0 }, { 0644, 0 }, { 0755, 0 },
};
enum { OBJECTS = sizeof objects / sizeof *objects };

static size_t page;
static unsigned char *areas;
static pid_t owner;

static unsigned char *area_of(int i, int for_writing) { return areas + (size_t)(4 * i + 2 * for_writing) * page; }

static int owns(int channel)
{
	become_user(ALICE);
	for (int i = 0; i < 2 * OBJECTS; i++) {
		int file = memfd_create("its own", MFD_CLOEXEC), mode = objects[i / 2].mode;
		unsigned char *area = area_of(i / 2, i % 2);
		CHECK(file != -1 && ftruncate(file, (off_t)page) == 0);
		CHECK(mode == AS_MADE || fchmod(file, (mode_t)mode) == 0);
		CHECK(mmap(area, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == area);
		area[0] = (unsigned char)(i + 1);
		CHECK_OK(utek_call(M_SELF, area, area, page, RW_SELF | M_R_WORLD | (i % 2 ? M_W_WORLD : 0), SHARED));
	}
	tell_word(channel, 1);
	return (int)hear_word(channel);
}

/* No descriptor of the object can be opened anew. */
static void stays_read_only(void)
{
	int found = 0;
	for (int fd = 3; fd < 256; fd++) {
		char path[64], name[128] = "";
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, name, sizeof name - 1) == -1 || strncmp(name, "/memfd:its own", 14) != 0)
			continue;
		found++;
		CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
		CHECK(open(path, O_RDWR | O_CLOEXEC) == -1 && errno == EACCES);
		CHECK(open(path, O_WRONLY | O_CLOEXEC) == -1 && errno == EACCES);
		CHECK(fchmod(fd, 0666) == -1 && errno == EPERM);
	}
	CHECK(found == 1);
}

static int stranger(int channel)
{
	unsigned char *room = utek_room(page);
	(void)channel;
	become_user(BOB);
	for (int i = 0; i < 2 * OBJECTS; i++) {
		unsigned char *area = area_of(i / 2, i % 2);
		if (objects[i / 2].may_be_written_by_others) {
			CHECK_FAILS(utek_call(owner, area, room, page, M_R_SELF, SHARED), -1, EPERM);
			CHECK_FAILS(utek_call(owner, area, room, page, RW_SELF, PRIVATE), -1, EPERM);
			CHECK(!utek_is_mapped(room));
		} else {
			CHECK_OK(utek_call(owner, area, room, page, M_R_SELF, SHARED));
			CHECK(room[0] == i + 1);
			stays_read_only();
			CHECK(munmap(room, page) == 0);
			CHECK_OK(utek_call(owner, area, room, page, RW_SELF, PRIVATE));
			CHECK(room[0] == i + 1 && munmap(room, page) == 0);
		}
		if (i % 2) {
			CHECK_OK(utek_call(owner, area, room, page, RW_SELF, SHARED));
			CHECK(room[0] == i + 1 && munmap(room, page) == 0);
		} else {
			CHECK_FAILS(utek_call(owner, area, room, page, RW_SELF, SHARED), -1, EACCES);
		}
	}
	return 0;
}

/* Root as the service sees it, whatever it may without one. */
static void is_given_to_root(const unsigned char *area)
{
	struct order wanted = order_of(ORDER_REGION);
	struct answer answer;
	int to = service_connect(owner);
	CHECK(to != -1);
	wanted.addr = (uintptr_t)area, wanted.len = page, wanted.prot = 1;
	CHECK(send(to, &wanted, sizeof wanted, 0) == sizeof wanted);
	CHECK(recv(to, &answer, sizeof answer, 0) == sizeof answer && answer.kind == 8 && answer.more == page);
	close(to);
}

int main(void)
{
	struct peer p, other;
	page = check_page();
	areas = utek_room(4 * OBJECTS * page);
	p = peer_start(owns);
	CHECK(hear_word(p.channel) == 1);
	owner = p.pid;
	for (int i = 0; i < OBJECTS; i++)
		is_given_to_root(area_of(i, 0));
	other = peer_start(stranger);
	CHECK(peer_status(&other) == 0);
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
