/*
 * A 32-bit process is a target like any other. What it has no room for is
 * refused: an address of more than 32 bits is EINVAL, a length ENOMEM, an offset
 * of more than 2^32 pages ENXIO, and all that after ESRCH. The program is a few
 * instructions of i386, written to a file here, so that no 32-bit compiler or
 * library is needed.
 */
#include "disturb.h"
#include "target.h"
#include <elf.h>
#include <mman_peer/companions.h>

#if defined(__x86_64__) || defined(__i386__)

/* read(10) a byte, write(11) it back, until there is no more; then exit(0). */
__asm__(
	".pushsection .rodata\n"
	".code32\n"
	"i386_begin:\n"
	"1:	mov $3, %eax; mov $10, %ebx; lea -16(%esp), %ecx; mov $1, %edx; int $0x80\n"
	"	cmp $1, %eax; jne 2f\n"
	"	mov $4, %eax; mov $11, %ebx; lea -16(%esp), %ecx; mov $1, %edx; int $0x80\n"
	"	jmp 1b\n"
	"2:	mov $1, %eax; xor %ebx, %ebx; int $0x80\n"
	"i386_end:\n"
#if defined(__x86_64__)
	".code64\n"
#endif
	".popsection\n"
);
extern const char i386_begin[], i386_end[];

#define LOAD_ADDRESS 0x08048000

static int i386_program(void)
{
	struct { Elf32_Ehdr e; Elf32_Phdr p; char code[256]; } image;
	size_t size = (size_t)(i386_end - i386_begin);
	int fd;
	memset(&image, 0, sizeof image);
	CHECK(size <= sizeof image.code);
	memcpy(image.e.e_ident, ELFMAG "\1\1\1", 7);    /* 32 bits, little endian, version 1 */
	image.e.e_type = ET_EXEC;
	image.e.e_machine = EM_386;
	image.e.e_version = EV_CURRENT;
	image.e.e_entry = LOAD_ADDRESS + offsetof(typeof(image), code);
	image.e.e_phoff = offsetof(typeof(image), p);
	image.e.e_ehsize = sizeof image.e;
	image.e.e_phentsize = sizeof image.p;
	image.e.e_phnum = 1;
	image.p.p_type = PT_LOAD;
	image.p.p_vaddr = image.p.p_paddr = LOAD_ADDRESS;
	image.p.p_filesz = image.p.p_memsz = sizeof image;
	image.p.p_flags = PF_R | PF_X;
	image.p.p_align = 0x1000;
	memcpy(image.code, i386_begin, size);
	CHECK((fd = memfd_create("i386", MFD_CLOEXEC)) != -1);
	CHECK(write(fd, &image, sizeof image) == sizeof image);
	return fd;
}

static int to[2], from[2], program;

static int target(int channel)
{
	char *none[] = { "i386", NULL };
	(void)channel;
	CHECK(dup2(to[0], 10) == 10 && dup2(from[1], 11) == 11);
	close(to[1]);
	fexecve(program, none, none + 1);
	_exit(errno == ENOEXEC ? 77 : 1);
}

static void check_answer(void)
{
	char b = 'a';
	CHECK(write(to[1], &b, 1) == 1 && read(from[0], &b, 1) == 1 && b == 'a');
}

static void maps_and_unmaps(pid_t pid)
{
	const size_t page = check_page();
	struct map_line m;
	unsigned char *a;
	int fd = an_object();
	void *both;

	CHECK_MAPS(a, mmap_peer(pid, NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, NOFD, 0));
	CHECK((uintptr_t)a >> 16 >> 16 == 0);
	CHECK(map_at(pid, a, &m) && strncmp(m.perms, "rw", 2) == 0);
	CHECK_OK(munmap_peer(pid, a, page));
	CHECK_MAPS(a, mmap_peer(pid, (void *)0x10000000, page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
	CHECK((uintptr_t)a == 0x10000000 && map_at(pid, a, &m) && strstr(m.path, "memfd:") != NULL);
	CHECK_OK(munmap_peer(pid, a, page));
	CHECK(!map_at(pid, a, &m));
	CHECK_MAPS(both, mmap64_join(pid, NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK((uintptr_t)both >> 16 >> 16 == 0 && map_at(pid, both, &m));
	CHECK_OK(munmap_peer(pid, both, page));
	CHECK(munmap(both, page) == 0);
	close(fd);
}

/* More than 32 bits; in a 32-bit caller there is no such thing. */
static void refuses_what_does_not_fit(pid_t pid)
{
#if UINTPTR_MAX > 0xffffffff
	const size_t page = check_page();
	char *const beyond[] = { (char *)0x100000000, (char *)0x123400001000, (char *)-8192L };
	const int anon = MAP_PRIVATE | MAP_ANON;
	int fd = an_object();
	size_t i;
	for (i = 0; i < sizeof beyond / sizeof *beyond; i++) {
		char *at = beyond[i];
		CHECK_MAP_FAILS(mmap_peer(pid, at, page, PROT_READ, anon | MAP_FIXED, NOFD, 0), EINVAL);
		CHECK(strstr(mman_peer_explain(), "32-bit") != NULL);
		CHECK_MAP_FAILS(mmap_peer(pid, at, page, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0), EINVAL);
		CHECK_MAP_FAILS(mmap_peer(pid, at + page, page, PROT_READ, anon, NOFD, 0), EINVAL);
		CHECK_UNMAP_FAILS(munmap_peer(pid, at, page), EINVAL);
		CHECK_UNMAP_FAILS(mlock_peer(pid, (uintptr_t)at, page), ENOMEM);
		CHECK_MAP_FAILS(mmap_peer(-1, at, page, PROT_READ, anon | MAP_FIXED, NOFD, 0), ESRCH);
	}
	/* Within 32 bits, but the kernel's. */
	CHECK_MAP_FAILS(mmap_peer(pid, (void *)0xfffff000, page, PROT_READ, anon | MAP_FIXED, NOFD, 0), EINVAL);
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, (size_t)1 << 32, PROT_READ, anon, NOFD, 0), ENOMEM);
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, (size_t)1 << 33, PROT_READ, MAP_SHARED, fd, 0), ENOMEM);
	CHECK_UNMAP_FAILS(munmap_peer(pid, NULL, (size_t)1 << 32), EINVAL);
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)1 << 44), ENXIO);
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)-4096), ENXIO);
	close(fd);
#else
	(void)pid;
#endif
}

int main(void)
{
	static struct portrait before, after;
	struct peer p;
	struct pollfd answer;
	char b = 'a';
	int i;
	CHECK(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
	program = i386_program();
	p = peer_start(target);
	close(from[1]);
	answer = (struct pollfd){ .fd = from[0], .events = POLLIN };
	CHECK(write(to[1], &b, 1) == 1);
	CHECK(poll(&answer, 1, 10000) == 1);
	if (!(answer.revents & POLLIN)) {
		CHECK(peer_status(&p) == 77);
		check_skip("this kernel runs no 32-bit programs");
	}
	CHECK(read(from[0], &b, 1) == 1);
	await_syscall(p.pid, 3 /* i386's read */);
	portrait_take(p.pid, &before);
	for (i = 0; i < 5; i++) {
		maps_and_unmaps(p.pid);
		check_answer();
		refuses_what_does_not_fit(p.pid);
		check_answer();
	}
	await_syscall(p.pid, 3);
	portrait_take(p.pid, &after);
	portrait_same(&before, &after);
	close(to[1]);
	CHECK(peer_status(&p) == 0);
	return 0;
}
#else
int main(void) { check_skip("this processor runs no programs of i386"); }
#endif
