#!/bin/sh
# What a login of ssh_server.cpp runs: it notes the command in DIR/commands.log and reads a repository with
# git-upload-pack. Two names of repositories stand for servers that misbehave.
#
#   git_login.sh DIR
echo "$SSH_ORIGINAL_COMMAND" >>"$1/commands.log"
case $SSH_ORIGINAL_COMMAND in
  *hang.git*) exec sleep 600 ;;
  *cut.git*)
    git-shell -c "$(echo "$SSH_ORIGINAL_COMMAND" | sed 's/cut.git/remote/')" | head -c 2000
    exit 1
    ;;
  git-upload-pack*) exec git-shell -c "$SSH_ORIGINAL_COMMAND" ;;
esac
exit 1
