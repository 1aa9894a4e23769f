/*
 * A set-uid program ignores the library's environment variables: whoever
 * starts it must not choose what it writes, whom it lets in or how long it
 * waits. The test makes a copy of itself that belongs to another user and has
 * the set-uid bit. (It has the library inside: the loader would not look for
 * it in LD_LIBRARY_PATH either.)
 *
 * runs-as: root
 * links: static
 */
#include "lines.h"
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>

/* What the copy does: a call that would write a line, and one that would wait. */
static int in_the_copy(int expect_secure)
{
	void *at;
	CHECK((getauxval(AT_SECURE) != 0) == expect_secure);
	CHECK_MAPS(at, mmap_peer(getpid(), NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(getpid(), at, check_page()));
	return 0;
}

/* Runs a file with the variable set; whether it wrote something, all of it lines. */
static int writes_lines(const char *file, const char *argument, int lines)
{
	char *arguments[] = { "copy", (char *)(uintptr_t)argument, NULL };
	char *environment[] = { "MMAN_PEER_DEBUG=1", NULL };
	int status, count = 0;
	pid_t pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		execve(file, arguments, environment);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	while (next_line(lines)[0] != '\0')
		count++;
	return count;
}

int main(int argc, char **argv)
{
	const uid_t other = 65431;
	int in, out, lines, old_stderr, with, without;
	struct statvfs fs;
	struct stat st;

	if (argc == 2)
		return in_the_copy(strcmp(argv[1], "secure") == 0);
	CHECK(statvfs(".", &fs) == 0);
	if (fs.f_flag & ST_NOSUID)
		check_skip("the working directory lies on a file system mounted nosuid");
	in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	out = open("copy", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	CHECK(in != -1 && out != -1 && fstat(in, &st) == 0);
	for (off_t done = 0; done < st.st_size;)
		CHECK(sendfile(out, in, &done, (size_t)(st.st_size - done)) > 0);
	/* Not root's: whoever found it meanwhile would gain nothing. */
	CHECK(fchown(out, other, other) == 0 && fchmod(out, S_ISUID | 0755) == 0 && close(out) == 0);

	lines = lines_begin(&old_stderr);
	with = writes_lines("/proc/self/exe", "plain", lines);
	without = writes_lines("./copy", "secure", lines);
	lines_end(lines, old_stderr);
	CHECK(unlink("copy") == 0);
	CHECK(with == 2);       /* the means work */
	CHECK(without == 0);
	return 0;
}
