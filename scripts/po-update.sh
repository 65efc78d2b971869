#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Takes the messages out of src/ again and merges them into the translations:
#
#   scripts/po-update.sh             po/POTFILES.in and every po/*.po are rewritten
#   scripts/po-update.sh --check     nothing is written; exit 1 when something would change or is not whole
#
# Ends badly while a translation lacks a message or holds a fuzzy one (msgmerge's guess from a message
# that was reworded): mend those lines by hand, take the `fuzzy` mark off, run it again. No dates and
# no line numbers are kept, so a run that finds nothing new changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
check=
case ${1-} in
--check) check=yes ;;
'') ;;
*) echo "usage: scripts/po-update.sh [--check]" >&2; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
rc=0

# put NEW OLD: takes the place of OLD, or says that it would
put() {
    cmp -s "$1" "$2" && return
    if [ "$check" ]; then
        echo "$2 is not up to date: run scripts/po-update.sh"
        rc=1
    else
        cp "$1" "$2"
        echo "$2 updated"
    fi
}

# _( and N_( as whole words: __attribute__(( is none
{
    echo "# SPDX-License-Identifier: MIT"
    echo "# Files with messages, written by scripts/po-update.sh."
    grep -rlE '(^|[^A-Za-z0-9_])N?_\(' src --include='*.[ch]' | sort
} >"$work/POTFILES.in"
put "$work/POTFILES.in" po/POTFILES.in

grep -v '^#' "$work/POTFILES.in" | xgettext --files-from=- --from-code=UTF-8 --language=C \
    --keyword=_ --keyword=N_ --add-comments=TRANSLATORS --add-location=file --sort-by-file \
    --package-name=sigilo --output="$work/sigilo.pot"
sed -i '/^"POT-Creation-Date:/d' "$work/sigilo.pot"

while read -r lang; do
    msgmerge --quiet --add-location=file --sort-by-file "po/$lang.po" "$work/sigilo.pot" |
        sed '/^"POT-Creation-Date:/d' | msgattrib --no-obsolete --add-location=file --sort-by-file >"$work/$lang.po"
    put "$work/$lang.po" "po/$lang.po"
    msgfmt -c --check-format --statistics -o /dev/null "$work/$lang.po"
    for what in untranslated fuzzy; do
        if msgattrib --"$( [ $what = fuzzy ] && echo only-fuzzy || echo untranslated)" --no-wrap "$work/$lang.po" |
            sed 1,/^$/d | grep '^msgid' >"$work/rest"; then
            echo "$lang, $what:"
            sed 's/^/  /' "$work/rest"
            rc=1
        fi
    done
done < <(grep -v '^#' po/LINGUAS)
exit $rc
